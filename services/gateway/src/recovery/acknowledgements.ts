import { isBefore } from '@roomstream/bus/position';
import type { Standing } from '@roomstream/bus/standing';
import type { LocalRoom, Session } from '../session.ts';

/** What acknowledgements need. */
export type AcknowledgementParts = {
  /** Up to where everything of a room has been handed to its connections. */
  readonly standingOf: (room: string) => Standing | undefined;
  /** Does something behind the frames that are on their way to the room's connections. */
  readonly between: (room: LocalRoom, step: () => void) => void;
  readonly ping: (session: Session, payload: Uint8Array) => void;
  /** Writes the record of a session whose pings aren't answered, or are again. */
  readonly write: (session: Session) => void;
  /** The monotonic clock, milliseconds. */
  readonly nowMs: () => number;
  /** Whether users of an account are remembered at all. */
  readonly isOn: (account: string) => boolean;
};

/** Each connection is looked at once in this time. */
const cycleMs = 2_000;
const tickMs = 100;

/** It is pinged when its room has said something that it may not have: a fifth of them in each cycle, */
const pingEveryCycles = 5;
/** and all that are owed so many frames. */
const pingEveryFrames = 100;

/** When a connection that has just come back is asked once more. */
const askAgainTicks = 1_000 / tickMs;

/** One that hasn't answered for this long is silent. */
const silentAfterMs = 10_000;

/** A wait for one pong. */
type Proof = { readonly number: number; readonly settle: (isProven: boolean) => void };

/**
 * What each connection certainly has. A pong proves it: TCP keeps order, so whoever has answered a ping has got what
 * was sent before it. The library's own pings say nothing, since nobody knows what was sent before them. Rooms that
 * are silent cost no pings, and no place is written to Redis but those of connections that don't answer.
 */
export class Acknowledgements {
  readonly #parts: AcknowledgementParts;
  readonly #sessions: Session[] = [];
  readonly #proofs = new Map<Session, Proof[]>();
  readonly #timer: NodeJS.Timeout;
  /** Connections that are to be looked at: of few not one in each tick. */
  #credit = 0;
  #cursor = 0;
  #cycles = 0;
  #ticks = 0;
  /** Connections that are asked once more, and in which tick. */
  readonly #soon: { readonly session: Session; readonly tick: number }[] = [];
  #pings = 0;

  constructor(parts: AcknowledgementParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** A connection is open; from its `certain` place on it is owed everything. */
  opened(session: Session): void {
    session.index = this.#sessions.length;
    this.#sessions.push(session);
  }

  /** A connection is gone; what waits for its pong has its answer: `isProven` after a close frame of the client. */
  closed(session: Session, isProven: boolean): void {
    const last = this.#sessions.pop();
    if (last !== undefined && last !== session) {
      this.#sessions[session.index] = last;
      last.index = session.index;
    }
    this.#settle(session, Number.POSITIVE_INFINITY, isProven);
  }

  /** A pong came. */
  ponged(session: Session, payload: Buffer): void {
    if (payload.length !== 4) return;
    const number = payload.readUInt32BE();
    this.#settle(session, number, true);
    if (session.pinged === undefined || number !== session.pingNumber) return;
    session.certain = session.pinged;
    session.pinged = undefined;
    session.isUnsure = false;
    // Its record says that it is silent, or was taken away.
    if (session.isSilent || session.isSuperseded) this.#parts.write(session);
    session.isSilent = false;
    session.isSuperseded = false;
  }

  /**
   * Pings now, unless it has everything, and once more a second later: what a stock client gets within half a second
   * after a refresh can't be sent again, as it forgets the Ids; so it should soon be known that it has it.
   */
  ask(session: Session): void {
    if (!hasAll(session)) this.#ping(session);
    this.#soon.push({ session, tick: this.#ticks + askAgainTicks });
  }

  /** Pings now; false when no pong came within `withinMs`, or the connection was lost before. */
  prove(session: Session, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const left = this.#proofs.get(session)?.filter((other) => other !== proof) ?? [];
        if (left.length === 0) this.#proofs.delete(session);
        else this.#proofs.set(session, left);
        resolve(false);
      }, withinMs);
      const proof: Proof = {
        number: this.#ping(session),
        settle: (isProven) => {
          clearTimeout(timer);
          resolve(isProven);
        },
      };
      this.#proofs.set(session, [...(this.#proofs.get(session) ?? []), proof]);
    });
  }

  /** Up to where the connection certainly has everything; undefined while nobody knows where its room stands. */
  certainOf(session: Session): Standing | undefined {
    const { certain, room } = session;
    // What came since in the shard was said in other rooms.
    return hasAll(session) ? (this.#parts.standingOf(room.id) ?? certain) : certain;
  }

  /** Entries of its room may have been lost: nothing that was sent before says where it stands. */
  gap(session: Session): void {
    session.isUnsure = true;
    session.pinged = undefined;
  }

  /**
   * By shard, up to where all connections have everything that the room said; those whose record says it themselves, as
   * they don't answer, are left out. A millisecond for 100,000 connections.
   */
  places(): Map<number, Standing> {
    const places = new Map<number, Standing>();
    const held = new Map<number, Standing>();
    for (const session of this.#sessions) {
      const { certain, room, isSilent, isSuperseded } = session;
      if (!places.has(room.shard)) {
        const standing = this.#parts.standingOf(room.id);
        if (standing !== undefined) places.set(room.shard, standing);
      }
      if (certain === undefined || isSilent || isSuperseded || hasAll(session)) continue;
      const least = held.get(room.shard);
      if (least === undefined || isBefore(certain.position, least.position)) held.set(room.shard, certain);
    }
    for (const [shard, standing] of held) places.set(shard, standing);
    return places;
  }

  /** Ends the timer. */
  close(): void {
    clearInterval(this.#timer);
    for (const session of [...this.#proofs.keys()]) this.#settle(session, Number.POSITIVE_INFINITY, false);
  }

  #tick(): void {
    this.#ticks++;
    for (let next = this.#soon[0]; next !== undefined && next.tick <= this.#ticks; next = this.#soon[0]) {
      this.#soon.shift();
      const { session } = next;
      if (session.left === undefined && !session.hasEnded && !hasAll(session)) this.#ping(session);
    }
    this.#credit += (this.#sessions.length * tickMs) / cycleMs;
    for (; this.#credit >= 1; this.#credit--) {
      if (this.#cursor >= this.#sessions.length) {
        this.#cursor = 0;
        this.#cycles++;
      }
      const session = this.#sessions[this.#cursor++];
      if (session !== undefined) this.#visit(session);
    }
  }

  #visit(session: Session): void {
    if (session.hasEnded || !session.isListening || hasAll(session)) return;
    const { room, pinged } = session;
    if (pinged === undefined) {
      const isItsTurn = session.index % pingEveryCycles === this.#cycles % pingEveryCycles;
      const isOwedMuch = room.frames - session.pingedAtFrame >= pingEveryFrames;
      if ((isItsTurn || isOwedMuch) && this.#parts.isOn(room.account)) this.#ping(session);
    } else if (!session.isSilent && this.#parts.nowMs() - session.pingedAtMs >= silentAfterMs) {
      // From now on its record says where it stands, and not its gateway's heartbeat.
      session.isSilent = true;
      this.#parts.write(session);
    }
  }

  #ping(session: Session): number {
    const { standingOf, between, ping } = this.#parts;
    this.#pings = (this.#pings + 1) >>> 0;
    const number = this.#pings;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32BE(number);
    session.pingNumber = number;
    session.pingedAtMs = this.#parts.nowMs();
    session.pingedAtFrame = session.room.frames;
    // While it is being handed what it is owed there is more behind the ping.
    session.pinged = session.isListening ? standingOf(session.room.id) : undefined;
    between(session.room, () => ping(session, payload));
    return number;
  }

  #settle(session: Session, through: number, isProven: boolean): void {
    const proofs = this.#proofs.get(session);
    if (proofs === undefined) return;
    const left = proofs.filter(({ number }) => number > through);
    if (left.length === 0) this.#proofs.delete(session);
    else this.#proofs.set(session, left);
    for (const proof of proofs) if (proof.number <= through) proof.settle(isProven);
  }
}

/** Whether its certain place lies behind the last frame that the room's connections were sent. */
function hasAll({ certain, room, isListening, isUnsure }: Session): boolean {
  return isListening && !isUnsure && certain !== undefined && !isBefore(certain.position, room.lastFrame);
}
