import { openBus } from '@roomstream/bus/bus';
import { UserRecords } from '@roomstream/bus/user-records';
import { startReporter } from '@roomstream/cloudwatch/reporter';
import { newId } from '@roomstream/protocol/ids';
import { background } from '@roomstream/runtime/background';
import { sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { Service, Surroundings } from '@roomstream/runtime/service';
import type { Settings } from '@roomstream/runtime/settings';
import { clientAddress } from '@roomstream/runtime/trusted-proxies';
import { openLogRefusals } from '@roomstream/store/log-refusals';
import { openQuotas } from '@roomstream/store/quotas';
import { recordsAccess } from '@roomstream/store/records-settings';
import { openStore } from '@roomstream/store/store';
import { TokenClaims } from '@roomstream/token/token-claims';
import { openTokenKeys } from '@roomstream/token/token-keys';
import { actionOf } from './action-of.ts';
import { openActions } from './actions.ts';
import { Admission } from './admission.ts';
import { Connections } from './connections.ts';
import { drain } from './drain.ts';
import { openFanout } from './fanout.ts';
import { admit, type HandshakeParts, refuse } from './handshake.ts';
import { type HandshakeOutcome, openGatewayMetrics } from './metrics.ts';
import { Outgoing } from './outgoing.ts';
import { handIn } from './recovery/hand-in.ts';
import { Recovery } from './recovery/recovery.ts';
import { ReplySessions } from './reply-sessions.ts';
import { LocalRooms } from './rooms.ts';
import { Session } from './session.ts';
import type { gatewaySettings } from './settings.ts';
import { tlsFiles } from './tls-files.ts';
import { type Connection, type Handshake, openTransport, type TransportOptions } from './transport.ts';

type GatewaySettings = Settings<typeof gatewaySettings>;

/** How a gateway is run. */
export type GatewayOptions = {
  /** Other processes of this gateway listen on the same port; false when not given. */
  readonly sharesPort?: boolean;
};

/** Longest time for which what clients send is collected on its way to the bus: a small part of what p99 may be. */
const mostCollectingForBusMs = 4;

/** Undoes what a start has done so far, the latest first. */
type Closers = (() => unknown)[];

/**
 * Starts a gateway: WebSockets of clients on one side, the bus on the other. Rejects with a plain message when a
 * setting, the port, a key or Redis doesn't let it start; then nothing of it is left running.
 */
export async function startGateway(
  settings: GatewaySettings,
  surroundings: Surroundings,
  options: GatewayOptions = {},
): Promise<Service> {
  const closers: Closers = [];
  try {
    return await start(settings, surroundings, options, closers);
  } catch (error) {
    await closeAll(closers, surroundings.log);
    throw error;
  }
}

async function start(
  settings: GatewaySettings,
  surroundings: Surroundings,
  { sharesPort = false }: GatewayOptions,
  closers: Closers,
): Promise<Service> {
  const { log, registry } = surroundings;
  const tls = tlsFiles(settings);
  const gatewayId = newId();
  const opened = <T>(part: T, close: (part: T) => unknown): T => {
    closers.push(() => close(part));
    return part;
  };
  const tokens = opened(await openTokenKeys(settings, surroundings), (keys) => keys.close());
  const quotas = opened(await openQuotas(settings, log), (open) => open.close());
  const access = recordsAccess(settings);
  const store = opened(await openStore({ access, quotas, log, registry }), (open) => open.close());
  const { shards, logBacklogRecords } = settings;
  const bus = opened(
    await openBus({
      access: settings,
      shards,
      logBacklogRecords,
      mostCollectingMs: Math.min(settings.mostCollectingMs, mostCollectingForBusMs),
      log,
      registry,
    }),
    (open) => open.close(),
  );
  const slots = opened(store.connectionSlots(gatewayId), (open) => open.close());
  const permits = opened(store.sendPermits(), (open) => open.close());
  // The parts know each other in a circle: the bus calls fan-out, which calls the transport, which calls the rest.
  const follower = opened(
    bus.follow({
      onEntry: (entry, ageMs) => fanout.onEntry(entry, ageMs),
      onGap: (lost, why) => fanout.onGap(lost, why),
    }),
    (open) => open.close(),
  );
  const rooms = new LocalRooms(store.rooms, follower, (room) => bus.shardOf(room));
  const replySessions = new ReplySessions(gatewayId);
  const metrics = openGatewayMetrics(registry, {
    connections: () => connections.size,
    rooms: () => rooms.size,
    handshakesWaiting: () => admission.waiting,
    isDraining: () => state.isDraining,
  });
  const recovery = opened(
    new Recovery({
      gatewayId,
      rooms,
      standingOf: (room) => follower.standingOf(room),
      readRoom: (room, range) => bus.readRoom(room, range),
      publish: (entry) => bus.publish([entry]),
      between: (room, step) => outgoing.between(room, step),
      ping: (session, payload) => transport.ping(session, payload),
      windowMs: (account) => quotas.of(account).recoveryWindowSeconds * 1000,
      bounds: { mostFrames: settings.mostRecoveredFrames, mostBytes: settings.mostRecoveredBytes },
      overlapMs: settings.refreshOverlapMs,
      nowMs: () => bus.clock.nowMs(),
      metrics,
      log,
    }),
    (open) => open.close(),
  );
  recovery.use(
    opened(await UserRecords.open<Session>(bus, gatewayId, log, recovery.places), (open) => open.close()),
  );
  const logRefusals = openLogRefusals({ registry, log, region: settings.region });
  const actions = openActions({
    quotas,
    metrics,
    log,
    permits,
    rates: store.rates,
    record: (room) => rooms.record(room),
    publish: (entries, perSecond, logs) => bus.publish(entries, perSecond, logs),
    isRefused: (room, perSecond) => bus.isRefused(room, perSecond),
    submitReview: (review, perSecond) => bus.submitReview(review, perSecond),
    logRefused: logRefusals.add,
    replyTo: (session) => replySessions.addressOf(session),
    send: (session, frame) => transport.send(session, frame),
    nowMs: () => bus.clock.nowMs(),
  });
  const admission = new Admission({
    perSecond: settings.handshakesPerSecond,
    mostUnderWay: settings.handshakesUnderWay,
    mostWaiting: settings.handshakesWaiting,
    patienceMs: settings.handshakePatienceMs,
  });
  const end = (session: Session, code: number) => transport.end(session, code);
  const parts: HandshakeParts = {
    tokens,
    claims: new TokenClaims(bus.commands),
    bus,
    rooms,
    slots,
    recovery,
    proxies: settings.trustedProxies,
    end,
    listen: (session) => connections.listen(session),
    handIn: (session, arrival) => {
      const owed = {
        transport,
        recovery,
        listen: (arrived: Session) => connections.listen(arrived),
        delivered: (frame: Buffer) => metrics.delivered(actionOf(frame), 1),
      };
      const handedIn = handIn(owed, session, arrival).catch((err: unknown) => {
        transport.drop(session);
        throw err;
      });
      background(handedIn.finally(arrival.held.release), log, 'handing in what a user has missed');
    },
    mostHistory: settings.historyMostMessages,
  };
  const state = { isDraining: false, isRefusing: false };
  const tell = (handshake: Handshake, outcome: HandshakeOutcome) => {
    metrics.handshake(outcome);
    if (outcome === 'admitted' || !log.isLevelEnabled('debug')) return;
    const address = clientAddress(handshake.peer, handshake.forwardedFor, settings.trustedProxies);
    log.debug({ outcome, address }, 'a handshake was refused');
  };
  const transport = opened(
    await openTransport(transportOptions(settings, tls, sharesPort), {
      onHandshake: (handshake) => enqueue(handshake, admission, parts, tell, state),
      onOpen: (connection) => connections.opened(sessionOf(connection)),
      onFrame: (connection, bytes, isBinary) => actions.frame(sessionOf(connection), bytes, isBinary),
      onClose: (connection, code) => {
        const session = sessionOf(connection);
        replySessions.forget(session);
        connections.closed(session, code);
      },
      onPong: (connection, payload) => recovery.ponged(sessionOf(connection), payload),
      onDropped: () => metrics.slowReader(),
    }),
    (open) => open.close(),
  );
  const outgoing = opened(
    new Outgoing({
      transport,
      metrics,
      mostCollectingMs: settings.mostCollectingMs,
      nowMs: () => performance.now(),
    }),
    (open) => open.flushAll(),
  );
  const fanout = openFanout({ rooms, outgoing, replySessions, recovery, transport, metrics, log });
  const connections = opened(
    new Connections({
      rooms,
      outgoing,
      slots,
      recovery,
      transport,
      metrics,
      touch: (account, room) => store.rooms.touch(account, room),
      nowMs: () => bus.clock.nowMs(),
      log,
    }),
    (open) => open.close(),
  );
  if (settings.cloudWatchMetrics) {
    const { cloudWatchPeriodSeconds: periodSeconds } = settings;
    opened(startReporter({ registry, commands: bus.commands, periodSeconds, log }), (open) => open.close());
  }
  const stop = async () => {
    state.isDraining = true;
    await sleep(settings.admitWhileDrainingSeconds * 1000);
    state.isRefusing = true;
    admission.refuseAll();
    await admission.idle();
    const plan = {
      drainMs: settings.drainSeconds * 1000,
      roundMs: settings.drainRoundMs,
      mostPerSecond: settings.drainPerSecond,
    };
    await drain(connections, plan, metrics, log);
    transport.stopListening();
    await actions.idle();
    await closeAll(closers, log);
  };
  let stopping: Promise<void> | undefined;
  return {
    name: 'gateway',
    port: transport.port,
    notReady: () => [
      ...(state.isDraining ? ['draining'] : []),
      ...bus.notReady(),
      ...store.notReady(),
      ...tokens.notReady(),
    ],
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Hands a handshake to the queue, unless the gateway refuses all. */
function enqueue(
  handshake: Handshake,
  admission: Admission,
  parts: HandshakeParts,
  tell: (handshake: Handshake, outcome: HandshakeOutcome) => void,
  state: { readonly isRefusing: boolean },
): void {
  const refuseNow = () => tell(handshake, refuse(handshake, state.isRefusing ? 'draining' : 'busy'));
  if (state.isRefusing) {
    refuseNow();
    return;
  }
  admission.offer({
    get isGone() {
      return handshake.isGone;
    },
    run: (deadlineMs) => admit(parts, handshake, deadlineMs).then((outcome) => tell(handshake, outcome)),
    refuse: refuseNow,
  });
}

function transportOptions(
  settings: GatewaySettings,
  tls: TransportOptions['tls'],
  sharesPort: boolean,
): TransportOptions {
  return {
    host: settings.gatewayHost,
    port: settings.gatewayPort,
    sharesPort,
    tls,
    idleTimeoutSeconds: settings.idleTimeoutSeconds,
    sendsPings: settings.sendsPings,
    maxBackpressureBytes: settings.maxBackpressureBytes,
  };
}

/** The transport carries sessions and knows only that they are connections. */
function sessionOf(connection: Connection): Session {
  if (connection instanceof Session) return connection;
  throw new Error('a connection that is not a session');
}

async function closeAll(closers: Closers, log: Log): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (err) {
      log.warn({ err }, 'a part of the gateway could not be closed');
    }
  }
}
