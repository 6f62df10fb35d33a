import type { Log } from '@roomstream/runtime/log';
import type { BusListener } from './bus-listener.ts';
import { ByteMap } from './byte-map.ts';
import type { Clock } from './clock.ts';
import { decodeEntry, idAt, identityOf, roomAt } from './entry.ts';
import { HeldPushes } from './held-pushes.ts';
import { type GapReason, judge, readState, type StreamState } from './judge.ts';
import type { Link, LinkUser } from './link.ts';
import type { Tally } from './metrics.ts';
import { Place } from './place.ts';
import { formatPosition, isBefore, origin, type Position, parsePosition } from './position.ts';
import { headerBytes, pushedLength, pushedMs, pushedSeq } from './push.ts';
import { Seen } from './seen.ts';
import type { Shard } from './shards.ts';
import type { Standing } from './standing.ts';

/** What readers of a follower share. */
export type ReaderParts = {
  readonly listener: BusListener;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly log: Log;
  /** A command failed as commands fail after a change of topology. */
  readonly onTrouble: () => void;
};

type CatchUpReason = keyof Tally['catchUps'];

/** Entries of one read while catching up. */
const chunkSize = 200;

const retryMs = 200;

/**
 * Follows one shard: pushes while it is live, and its stream to get there. Positions and the stream are read on the
 * connection that pushes come from, after subscribing: what a reply hasn't seen is pushed behind it.
 */
export class ShardReader implements LinkUser {
  readonly shard: Shard;
  readonly channel: string;
  /** Rooms that get their entries. */
  readonly rooms = new ByteMap<true>();
  readonly #parts: ReaderParts;
  readonly #onLive: () => void;
  #link: Link | undefined;
  #isLive = false;
  /** Counts the attempts to get live; an older one that still waits for a reply has nothing to say. */
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;
  readonly #place = new Place();
  /** Where it stood when it was last live. */
  #lastStanding: Standing | undefined;
  /** Undefined until the stream was read for the first time, and there is a place. */
  #seen: Seen | undefined;
  readonly #held = new HeldPushes();

  /** `onLive` is called whenever it gets live, before what is pushed from then on. */
  constructor(shard: Shard, parts: ReaderParts, onLive: () => void) {
    this.shard = shard;
    this.channel = shard.channel;
    this.#parts = parts;
    this.#onLive = onLive;
  }

  /** Whether all that is published from now on will be delivered. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /**
   * Everything up to there has been handed out; undefined until it was live. While it catches up, which place goes with which
   * count of entries isn't known: then it is where it stood before.
   */
  get standing(): Standing | undefined {
    return this.#isLive ? this.#place.standing : this.#lastStanding;
  }

  /** Follows over another connection, or none. */
  moveTo(link: Link | undefined): void {
    if (this.#link === link) return;
    const previous = this.#link;
    this.#link = link;
    if (previous !== undefined) {
      previous.detach(this);
      // Where the shard has moved away, Redis has ended the subscription itself.
      if (previous.isUp) previous.unsubscribe(this.channel).catch((err: unknown) => this.#debug(err));
    }
    link?.attach(this);
  }

  onUp(): void {
    this.#start(this.#seen === undefined ? undefined : 'connected');
  }

  onDown(): void {
    this.#beginAttempt();
    this.#held.takeAll();
  }

  onPush(bytes: Buffer, start: number, end: number): void {
    if (this.#isLive) this.#takePush(bytes, start, end, false);
    else this.#held.add(bytes.subarray(start, end));
  }

  /** Finds what is wrong while nothing says so: a subscription that ended, or a stream that lost its end. */
  async check(): Promise<void> {
    const link = this.#link;
    if (link === undefined || !link.isUp || !this.#isLive) return;
    const attempt = this.#attempt;
    const { standing } = this.#place;
    try {
      const state = await this.#readState(link, standing.position, standing.identity);
      if (attempt !== this.#attempt) return;
      this.#seen?.turn(this.#place.position, performance.now());
      // Pushes before the reply have been taken: behind the stream's end then means that one never came.
      if (this.#place.isBefore(state.last.ms, state.last.seq)) this.#start('silent');
      else if (judge(standing, state) !== 'sound') this.#start('silent');
    } catch (err) {
      if (attempt === this.#attempt) this.#fail(err);
    }
  }

  #start(reason: CatchUpReason | undefined): void {
    const attempt = this.#beginAttempt();
    this.#getLive(attempt, reason).catch((err: unknown) => {
      if (attempt === this.#attempt) this.#fail(err);
    });
  }

  /** It is live no more, and what was tried before has nothing to say. */
  #beginAttempt(): number {
    this.#lastStanding = this.standing;
    this.#isLive = false;
    clearTimeout(this.#retry);
    return ++this.#attempt;
  }

  #fail(err: unknown): void {
    this.#debug(err);
    this.#beginAttempt();
    this.#parts.onTrouble();
    this.#retry = setTimeout(
      () => {
        if (this.#link?.isUp === true) this.onUp();
      },
      retryMs * (0.5 + Math.random() / 2),
    );
  }

  async #getLive(attempt: number, reason: CatchUpReason | undefined): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    const { identity } = this.#place;
    const from = this.#seen === undefined ? undefined : this.#place.position;
    this.#held.hasOverflowed = false;
    // Sent together: the position is read after the subscription has begun.
    const subscribed = link.subscribe(this.channel);
    const [state] = await Promise.all([this.#readState(link, from, identity), subscribed]);
    if (attempt !== this.#attempt) return;
    if (from === undefined) {
      this.#place.set(state.last, state.lastIdentity, state.added);
      this.#seen = new Seen(state.last, performance.now());
      if (this.#held.hasOverflowed && !(await this.#catchUp(attempt, link, origin))) return;
    } else {
      if (reason !== undefined) this.#parts.tally.catchUps[reason]++;
      const countedTo = this.#resume(from, state);
      if (!(await this.#catchUp(attempt, link, countedTo))) return;
    }
    this.#isLive = true;
    this.#onLive();
    for (const push of this.#held.takeAll()) this.#takePush(push, 0, push.length, true);
  }

  /** Sets the position from which to read on; up to which place the count of entries has them already. */
  #resume(from: Position, state: StreamState): Position {
    const verdict = judge({ position: from, added: this.#place.added }, state);
    if (verdict !== 'sound') this.#tellGap(verdict, from, state);
    if (verdict === 'ids-went-back') {
      this.#place.set(this.#rewound(state), '', state.added);
      return state.last;
    }
    // All that is there is behind the position.
    if (verdict === 'trimmed') this.#place.added = state.added - state.length;
    return origin;
  }

  /**
   * Where to read on when the stream lost its end: what was delivered behind that place is dropped by Id. A stream that
   * ends even before it has nothing to do with what was delivered; then only what is new counts.
   */
  #rewound(state: StreamState): Position {
    const oldest = this.#seen?.oldest ?? state.last;
    if (!isBefore(state.last, oldest)) return oldest;
    return this.#held.positionBefore(state.last);
  }

  #tellGap(reason: GapReason, from: Position, state: StreamState): void {
    const rooms = [...this.rooms.keys()];
    this.#parts.tally.gaps[reason]++;
    this.#parts.log.warn(
      {
        shard: this.shard.index,
        reason,
        rooms: rooms.length,
        position: formatPosition(from),
        last: formatPosition(state.last),
      },
      'position in the stream lost: entries may have been missed',
    );
    if (rooms.length > 0) this.#parts.listener.onGap(rooms, reason);
  }

  /** Reads to the end of the stream; false when another attempt has begun. */
  async #catchUp(attempt: number, link: Link, countedTo: Position): Promise<boolean> {
    for (;;) {
      this.#held.hasOverflowed = false;
      const position = formatPosition(this.#place.position);
      const entries = await link.readAfter(this.shard.stream, position, chunkSize);
      if (attempt !== this.#attempt) return false;
      for (const { id, bytes } of entries) {
        const { ms, seq } = parsePosition(id);
        const isCounted = !isBefore(countedTo, { ms, seq });
        this.#take(bytes, ms, seq, 0, bytes.length, isCounted ? 0 : 1);
        this.#place.settle();
      }
      if (entries.length < chunkSize && !this.#held.hasOverflowed) return true;
    }
  }

  #takePush(bytes: Buffer, start: number, end: number, isHeld: boolean): void {
    let isStale = false;
    for (let at = start; at + headerBytes <= end; ) {
      const entryAt = at + headerBytes;
      const entryEnd = entryAt + pushedLength(bytes, at);
      const ms = pushedMs(bytes, at);
      const seq = pushedSeq(bytes, at);
      if (this.#place.isBefore(ms, seq)) {
        this.#take(bytes, ms, seq, entryAt, entryEnd, 1);
      } else {
        isStale = true;
      }
      at = entryEnd;
    }
    this.#place.settle();
    // While live, ids only grow: this stream isn't the one that was followed.
    if (isStale && !isHeld) {
      this.#start('stale');
      this.#held.add(bytes.subarray(start, end));
    }
  }

  #take(bytes: Buffer, ms: number, seq: number, start: number, end: number, added: number): void {
    const { tally } = this.#parts;
    this.#place.moveTo(ms, seq, added, bytes, start);
    tally.received++;
    if (this.rooms.at(bytes, start + roomAt, start + idAt) === undefined) {
      tally.foreign++;
      return;
    }
    if (this.#seen?.add(identityOf(bytes, start)) === false) {
      tally.doubles++;
      return;
    }
    const entry = decodeEntry(bytes, start, end, `${ms}-${seq}`);
    if (entry === undefined) {
      tally.unreadable++;
      return;
    }
    // The clock of Redis is known to a fraction of a millisecond only.
    const ageMs = Math.max(0, this.#parts.clock.nowMs() - ms);
    tally.lagSeconds.add(ageMs / 1000);
    try {
      this.#parts.listener.onEntry(entry, ageMs);
    } catch (err) {
      // One entry's bug must not cost the others of the shard.
      this.#parts.log.error({ err, room: entry.room }, 'an entry could not be handled');
    }
  }

  async #readState(link: Link, position: Position | undefined, identity: string): Promise<StreamState> {
    const text = position === undefined ? '' : formatPosition(position);
    return readState(await link.readPositions(this.shard.stream, [text, identity]));
  }

  #debug(err: unknown): void {
    this.#parts.log.debug({ err, shard: this.shard.index }, 'a command of a follower failed');
  }
}
