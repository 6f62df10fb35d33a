import type { Entry, Received } from '@roomstream/bus/entry';
import { isBefore, origin, type Position, parsePosition } from '@roomstream/bus/position';
import type { RoomPart, RoomRange } from '@roomstream/bus/read-room';
import type { Standing } from '@roomstream/bus/standing';
import type { RecordState, UserRecords, UserRecordsOf } from '@roomstream/bus/user-records';
import type { Log } from '@roomstream/runtime/log';
import type { Metrics } from '../metrics.ts';
import type { LocalRooms } from '../rooms.ts';
import type { LocalRoom, Session } from '../session.ts';
import { isCloseFrame } from '../transport.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { Arrival } from './arrival.ts';
import type { RecoveryBounds } from './choose-frames.ts';
import type { Persist } from './inquiry.ts';
import { Probes } from './probes.ts';
import { type Arriving, arrive } from './returns.ts';
import { Tails } from './tails.ts';

/** What recovery needs of the rest of the gateway. */
export type RecoveryParts = {
  readonly gatewayId: string;
  readonly rooms: Pick<LocalRooms, 'find' | 'sessionsOf' | 'hold' | 'release'>;
  readonly standingOf: (room: string) => Standing | undefined;
  readonly readRoom: (room: string, range: RoomRange) => Promise<RoomPart>;
  readonly publish: (entry: Entry) => Promise<unknown>;
  readonly between: (room: LocalRoom, step: () => void) => void;
  readonly ping: (session: Session, payload: Uint8Array) => void;
  readonly windowMs: (account: string) => number;
  readonly bounds: RecoveryBounds;
  readonly overlapMs: number;
  readonly nowMs: () => number;
  readonly metrics: Pick<Metrics, 'probed' | 'recovered'>;
  readonly log: Log;
};

/** For so long an empty room is still followed. */
const lingerMs = 2_000;

/** A tail is read several times as far as one who returns may get: then all of them share one reading. */
const tailFactor = 8;

/**
 * Nobody misses a message: what users certainly have, what is known of those who have left, and what those who come get
 * before live frames. The mechanism: README.md of this service.
 */
export class Recovery {
  readonly #parts: RecoveryParts;
  readonly #acknowledgements: Acknowledgements;
  readonly #probes: Probes;
  readonly #tails: Tails;
  readonly #lingering = new Set<NodeJS.Timeout>();
  #records: UserRecords<Session> | undefined;

  constructor(parts: RecoveryParts) {
    const { standingOf, between, ping, bounds, readRoom, gatewayId, rooms, publish, metrics } = parts;
    this.#parts = parts;
    this.#acknowledgements = new Acknowledgements({
      standingOf,
      between,
      ping,
      write: (session) => this.#records?.write(session),
      nowMs: () => performance.now(),
      isOn: (account) => parts.windowMs(account) > 0,
    });
    this.#probes = new Probes({
      gatewayId,
      rooms,
      acknowledgements: this.#acknowledgements,
      publish,
      count: metrics.probed,
    });
    this.#tails = new Tails({
      standingOf,
      readBack: (room) => (range) => readRoom(room, range),
      bounds: { mostFrames: tailFactor * bounds.mostFrames, mostBytes: tailFactor * bounds.mostBytes },
    });
  }

  /** Records are opened with `places` of this; they come after it. */
  use(records: UserRecords<Session>): void {
    this.#records = records;
  }

  /** Up to where all connections of each shard have everything: what the heartbeat of this gateway says. */
  readonly places = (): Map<number, Standing> => this.#acknowledgements.places();

  /** Whether the user has a connection in the room, at a gateway that lives. Rejects when Redis is away. */
  async isConnected(room: string, userId: string): Promise<boolean> {
    const { records } = await this.#users().read(room, userId);
    const gateways = new Set(records.filter(({ kind }) => kind !== 'lost').map(({ gateway }) => gateway));
    for (const gateway of gateways) {
      if ((await this.#users().gateway(gateway, room)).isAlive) return true;
    }
    return false;
  }

  /**
   * What is known of the user of a connection on its way, which is on record from then on when `isKept`: until it opens,
   * or `withdraw`. May be called again. Rejects when Redis is away.
   */
  announce(session: Session, isKept: boolean): Promise<UserRecordsOf> {
    const { room, userId } = session;
    const known = this.#users().read(room.id, userId);
    if (!isKept) return known;
    session.certain = this.#parts.standingOf(room.id);
    session.beganMs = this.#parts.nowMs();
    this.#probes.began(session);
    this.#users().write(session);
    const own = `${this.#parts.gatewayId}/${session.number}`;
    return known.then(({ records, erasedThrough }) => ({
      records: records.filter(({ member }) => member !== own),
      erasedThrough,
    }));
  }

  /** It has not opened, and will not. */
  withdraw(session: Session): void {
    this.#probes.decided(session);
    session.left = { kind: 'gone' };
    session.returnedFrom = undefined;
    this.#users().write(session);
  }

  /** What somebody who arrives is owed; undefined: what comes from now on. */
  arrive(
    arriving: Omit<Arriving, 'windowMs'>,
    known: UserRecordsOf,
    persist: Persist,
  ): Promise<Arrival | undefined> {
    const { standingOf, bounds, overlapMs, nowMs, metrics, windowMs } = this.#parts;
    const parts = {
      tails: this.#tails,
      probes: this.#probes,
      records: this.#users(),
      standingOf,
      bounds,
      overlapMs,
      nowMs,
      recovered: metrics.recovered,
    };
    const withWindow = { ...arriving, windowMs: windowMs(arriving.room.account) };
    return arrive(parts, withWindow, known, persist).catch((err: unknown) => {
      // A bug must not cost the connection, and not be silent.
      this.#parts.log.error({ err, room: arriving.room.id }, 'what a user has missed could not be found');
      metrics.recovered('partial', 0, 0, 0);
      return undefined;
    });
  }

  /** A connection is open. Its record says so; that of one who returns also from where on it is owed everything. */
  opened(session: Session): void {
    this.#probes.decided(session);
    if (session.isReturning) this.#users().write(session);
    else session.certain = this.#parts.standingOf(session.room.id);
    this.#acknowledgements.opened(session);
  }

  /** A connection was sent ERROR 401 behind all frames so far: who answers it with a close frame has had them. */
  sentAway(session: Session): void {
    if (session.isListening) session.sentAwayAt = this.#parts.standingOf(session.room.id);
  }

  /** A connection is gone; `code` as the transport tells it. Its room is still followed. */
  closed(session: Session, code: number): void {
    const isClean = isCloseFrame(code);
    session.left = this.#stateAtClose(session, isClean);
    this.#acknowledgements.closed(session, isClean && !session.hasEnded);
    if (session.room.size === 1) this.#lingerIn(session.room);
    if (session.left.kind !== 'lost') {
      this.#users().writeLater(session);
      return;
    }
    this.#probes.lost(session);
    this.#users().write(session);
  }

  /** A pong came. */
  ponged(session: Session, payload: Buffer): void {
    this.#acknowledgements.ponged(session, payload);
  }

  /** A frame of a room came, before it goes to its connections. */
  onFrame(room: LocalRoom, entry: Received): void {
    room.lastFrame = parsePosition(entry.entryId);
    room.frames++;
    for (const tail of room.tails) tail.append(entry);
  }

  /** A connection was sent frames of its room up to there that weren't live; it is asked at once whether it has them. */
  replayed(session: Session, through: Position): void {
    const { room } = session;
    if (isBefore(room.lastFrame, through)) room.lastFrame = through;
    this.#acknowledgements.ask(session);
  }

  /** Whether users of an account are remembered, and refreshes wait. */
  isOn(account: string): boolean {
    return this.#parts.overlapMs > 0 || this.#parts.windowMs(account) > 0;
  }

  /** Another gateway asks, or has answered. */
  onProbe(entry: Received): void {
    if (entry.kind === 'answer') this.#probes.onAnswer(entry);
    else this.#probes.onProbe(entry);
  }

  /** Entries of a room may have been lost, and ids may have gone back: places of before can't be compared. */
  onGap(room: LocalRoom): void {
    for (const tail of room.tails) tail.breakOff();
    room.lastFrame = origin;
    for (const present of room.users.values()) {
      for (const session of [present].flat()) this.#acknowledgements.gap(session);
    }
  }

  /** Ends timers. */
  close(): void {
    this.#acknowledgements.close();
    this.#tails.close();
    for (const timer of this.#lingering) clearTimeout(timer);
  }

  /** Who comes back at once asks for his old connection here; answers come from those who follow the room. */
  #lingerIn(room: LocalRoom): void {
    const { rooms } = this.#parts;
    if (rooms.hold(room.account, room.id) !== room) return;
    const timer = setTimeout(() => {
      this.#lingering.delete(timer);
      rooms.release(room);
    }, lingerMs);
    this.#lingering.add(timer);
  }

  #stateAtClose(session: Session, isClean: boolean): RecordState {
    const { windowMs, nowMs } = this.#parts;
    const window = windowMs(session.room.account);
    if (window === 0 || session.isExpelled || (isClean && !session.hasEnded)) return { kind: 'gone' };
    const certain = this.#acknowledgements.certainOf(session);
    return {
      kind: 'lost',
      beganMs: session.beganMs,
      endsMs: nowMs() + window,
      knownSinceMs: session.knownSinceMs,
      certain: isClean ? (session.sentAwayAt ?? certain) : certain,
      isOnlyKept: session.isSuperseded,
    };
  }

  #users(): UserRecords<Session> {
    if (this.#records === undefined) throw new Error('recovery was used before its records were open');
    return this.#records;
  }
}
