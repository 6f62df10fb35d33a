import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { startCuttingBalancer } from './cutting-balancer.ts';
import { eachOf } from './each-of.ts';
import { seededRandom } from './random.ts';
import { connectRaw } from './raw-client.ts';
import { type Damage, startChaos } from './recovery-chaos.ts';
import { type Differences, differencesOf, messagesOf } from './recovery-verdict.ts';
import { openRecoveryViewer, type RecoveryViewer } from './recovery-viewer.ts';
import { openStage, type Stage } from './stage.ts';
import { streamFrames } from './stream-frames.ts';

/** A run of official clients behind a balancer that cuts, in front of gateways that are killed and drained. */
export type RecoveryRun = {
  readonly users: number;
  readonly rooms: number;
  /** Messages a second of all rooms together. */
  readonly rate: number;
  readonly seconds: number;
  /** 0: without recovery. */
  readonly windowSeconds: number;
  /** How often each connection is cut, on average. */
  readonly secondsBetweenCuts: number;
  readonly seed: number;
};

/** Sums over some users. */
export type Sums = Differences & {
  /** Messages that they together should have been told. */
  readonly owed: number;
};

/** What came of a run. */
export type RecoveryOutcome = Damage & {
  /** Messages that the rooms have said. */
  readonly messages: number;
  /** Connections opened again. */
  readonly returns: number;
  /** Clients that gave up, and why. */
  readonly gaveUp: readonly string[];
  /** Of users whose clients get a new token only when they have lost their connection. */
  readonly steady: Sums;
  /**
   * Of users whose clients renew their tokens by themselves as well. When their timer meets a reconnect they open two connections,
   * drop either, and forget Ids that they know: nobody can tell from outside what such a client has.
   */
  readonly refreshing: Sums;
};

/** One in so many users has a client that renews its token by itself. */
const refreshersOneIn = 4;
/** One in so many users speaks. */
const speakersOneIn = 4;
/** Stock clients refresh 30 s before `tokenExpirationTime`: with this life every ten seconds. */
const tokenLifeSeconds = 40;

/** Runs it on a stage of its own. */
export async function runRecovery(run: RecoveryRun): Promise<RecoveryOutcome> {
  const stage = await openStage({
    gateways: 3,
    accountQuotas: { tokenLifeSeconds },
    env: {
      ROOMSTREAM_RECOVERY_WINDOW_SECONDS: `${run.windowSeconds}`,
      // The verdict is the stream's, from its beginning on.
      ROOMSTREAM_STREAM_RETENTION_SECONDS: '86400',
    },
    gatewayEnv: {
      ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '0',
      ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '2',
      ROOMSTREAM_GATEWAY_DRAIN_ROUND_MS: '200',
    },
  });
  try {
    return await runOn(stage, run);
  } finally {
    await stage.close();
  }
}

async function runOn(stage: Stage, run: RecoveryRun): Promise<RecoveryOutcome> {
  const random = seededRandom(run.seed);
  const balancer = await startCuttingBalancer(stage.fleet.gateways, random);
  const rooms = await eachOf(Array.from({ length: run.rooms }), 4, () =>
    stage.api.createRoom({ maximumMessageRatePerSecond: 100 }),
  );
  const viewers = Array.from({ length: run.users }, (_, n) =>
    openRecoveryViewer(
      stage.api,
      balancer.url,
      { roomIdentifier: rooms[n % run.rooms] ?? '', userId: `user-${n}` },
      Math.floor(n / run.rooms) % refreshersOneIn === 0,
    ),
  );
  try {
    await areConnected(viewers);
    const speech = speak(viewers, run.rate);
    const chaos = startChaos(stage, balancer, random, run.users, run.secondsBetweenCuts);
    await delay(run.seconds * 1000);
    await chaos.stop();
    speech.stop();
    await eventually(() => balancer.deaf() === 0);
    const ends = await endAll(stage, rooms, viewers);
    const outcome = await judge(stage, ends, viewers);
    return { ...outcome, ...chaos.damage() };
  } finally {
    for (const viewer of viewers) viewer.close();
    await balancer.close();
  }
}

async function areConnected(viewers: readonly RecoveryViewer[]): Promise<void> {
  await eventually(() => {
    const away = viewers.filter((viewer) => !viewer.isConnected());
    if (away.length > 0) throw new Error(`not connected: ${away.map(({ userId }) => userId)}`);
  }, 120_000);
}

/** Lets one user after the other say something, of those whose turn it is and who are connected. */
function speak(viewers: readonly RecoveryViewer[], rate: number): { stop(): void } {
  const speakers = viewers.filter((_, n) => n % speakersOneIn === 0);
  const begunMs = performance.now();
  let turns = 0;
  const timer = setInterval(() => {
    for (; turns < ((performance.now() - begunMs) / 1000) * rate; turns++) {
      for (let n = 0; n < speakers.length; n++) {
        if (speakers[(turns + n) % speakers.length]?.say(`message ${turns}`) === true) break;
      }
    }
  }, 10);
  return { stop: () => clearInterval(timer) };
}

/** Says a last word in each room until all have heard the same one; by room, its Id. */
async function endAll(
  stage: Stage,
  rooms: readonly string[],
  viewers: readonly RecoveryViewer[],
): Promise<ReadonlyMap<string, string>> {
  const ends = new Map<string, string>();
  for (const room of rooms) {
    const audience = viewers.filter(({ roomIdentifier }) => roomIdentifier === room);
    const speaker = await connectRaw(stage.url(0), await stage.api.token(room, 'the last speaker'));
    try {
      // Without recovery somebody may be away just then, and never hear it.
      const end = await eventually(async () => {
        await areConnected(audience);
        const { Id: id } = await speaker.say('the end');
        await eventually(() => audience.every(({ ids }) => ids.includes(id)), 15_000);
        return id;
      }, 60_000);
      ends.set(room, end);
    } finally {
      speaker.socket.destroy();
    }
  }
  return ends;
}

async function judge(
  stage: Stage,
  ends: ReadonlyMap<string, string>,
  viewers: readonly RecoveryViewer[],
): Promise<Omit<RecoveryOutcome, keyof Damage>> {
  const all: { readonly viewer: RecoveryViewer; readonly owed: number; readonly found: Differences }[] = [];
  let messages = 0;
  for (const [room, end] of ends) {
    const said = messagesOf(await streamFrames(stage.redis, room.split('/').at(-1) ?? ''));
    const owed = said.findIndex(({ id }) => id === end) + 1;
    messages += owed;
    for (const viewer of viewers.filter(({ roomIdentifier }) => roomIdentifier === room)) {
      all.push({ viewer, owed, found: differencesOf(viewer, said, end) });
    }
  }
  const sumsOf = (refreshes: boolean): Sums => {
    const some = all.filter(({ viewer }) => viewer.refreshes === refreshes);
    const sum = (of: (found: Differences) => number) => some.reduce((sums, { found }) => sums + of(found), 0);
    return {
      owed: some.reduce((sums, { owed }) => sums + owed, 0),
      missing: sum(({ missing }) => missing),
      forgotten: sum(({ forgotten }) => forgotten),
      doubled: sum(({ doubled }) => doubled),
      misordered: sum(({ misordered }) => misordered),
      strays: sum(({ strays }) => strays),
      stories: some.flatMap(({ found }) => found.stories),
    };
  };
  return {
    messages,
    returns: viewers.reduce((sum, viewer) => sum + viewer.connections().length - 1, 0),
    gaveUp: viewers.flatMap(({ userId, gaveUp }) => gaveUp.map((why) => `${userId}: ${why}`)),
    steady: sumsOf(false),
    refreshing: sumsOf(true),
  };
}
