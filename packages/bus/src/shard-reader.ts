import type { Log } from '@roomstream/runtime/log';
import type { BusListener } from './bus-listener.ts';
import type { Clock } from './clock.ts';
import { decodeEntry, identityOf, roomOf } from './entry.ts';
import { HeldPushes } from './held-pushes.ts';
import { type GapReason, judge, readState, type StreamState } from './judge.ts';
import type { Link, LinkUser } from './link.ts';
import type { Tally } from './metrics.ts';
import { formatPosition, isBefore, type Position, parsePosition } from './position.ts';
import { readPush } from './push.ts';
import { Seen } from './seen.ts';
import type { Shard } from './shards.ts';

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
  readonly rooms = new Set<string>();
  readonly #parts: ReaderParts;
  readonly #onLive: () => void;
  #link: Link | undefined;
  #isLive = false;
  /** Counts the attempts to get live; an older one that still waits for a reply has nothing to say. */
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;
  /** Undefined until the stream was read for the first time. */
  #position: Position | undefined;
  /** Identity of the entry at the position, '' when unknown. */
  #identity = '';
  /** Entries ever added to the stream, up to the position. */
  #added = 0;
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
    this.#start(this.#position === undefined ? undefined : 'connected');
  }

  onDown(): void {
    this.#attempt++;
    this.#isLive = false;
    clearTimeout(this.#retry);
    this.#held.takeAll();
  }

  onPush(push: Buffer): void {
    if (this.#isLive) this.#takePush(push);
    else this.#held.add(push);
  }

  /** Finds what is wrong while nothing says so: a subscription that ended, or a stream that lost its end. */
  async check(): Promise<void> {
    const link = this.#link;
    const position = this.#position;
    if (link === undefined || !link.isUp || !this.#isLive || position === undefined) return;
    const attempt = this.#attempt;
    const added = this.#added;
    try {
      const state = await this.#readState(link, position, this.#identity);
      if (attempt !== this.#attempt) return;
      this.#seen?.turn(this.#position ?? position, performance.now());
      // Pushes before the reply have been taken: behind the stream's end then means that one never came.
      if (isBefore(this.#position ?? position, state.last)) this.#start('silent');
      else if (judge({ position, added }, state) !== 'sound') this.#start('silent');
    } catch (err) {
      if (attempt === this.#attempt) this.#fail(err);
    }
  }

  #start(reason: CatchUpReason | undefined): void {
    const attempt = ++this.#attempt;
    this.#isLive = false;
    clearTimeout(this.#retry);
    this.#getLive(attempt, reason).catch((err: unknown) => {
      if (attempt === this.#attempt) this.#fail(err);
    });
  }

  #fail(err: unknown): void {
    this.#debug(err);
    this.#attempt++;
    this.#isLive = false;
    this.#parts.onTrouble();
    clearTimeout(this.#retry);
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
    const from = this.#position;
    this.#held.hasOverflowed = false;
    // Sent together: the position is read after the subscription has begun.
    const subscribed = link.subscribe(this.channel);
    const [state] = await Promise.all([this.#readState(link, from, this.#identity), subscribed]);
    if (attempt !== this.#attempt) return;
    if (from === undefined) {
      this.#stand(state.last, state.lastIdentity, state.added);
      this.#seen = new Seen(state.last, performance.now());
      if (this.#held.hasOverflowed && !(await this.#catchUp(attempt, link, state.last))) return;
    } else {
      if (reason !== undefined) this.#parts.tally.catchUps[reason]++;
      this.#resume(from, state);
      if (!(await this.#catchUp(attempt, link, state.last))) return;
    }
    this.#isLive = true;
    this.#onLive();
    for (const push of this.#held.takeAll()) this.#takePush(push, true);
  }

  /** Sets the position from which to read on. */
  #resume(from: Position, state: StreamState): void {
    const verdict = judge({ position: from, added: this.#added }, state);
    if (verdict !== 'sound') this.#tellGap(verdict, from, state);
    if (verdict === 'ids-went-back') this.#stand(this.#rewound(state), '', state.added);
    else this.#stand(from, this.#identity, state.added);
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

  #stand(position: Position, identity: string, added: number): void {
    this.#position = position;
    this.#identity = identity;
    this.#added = added;
  }

  #tellGap(reason: GapReason, from: Position, state: StreamState): void {
    const rooms = [...this.rooms];
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
      const position = formatPosition(this.#position as Position);
      const entries = await link.readAfter(this.shard.stream, position, chunkSize);
      if (attempt !== this.#attempt) return false;
      for (const { id, bytes } of entries) {
        const { ms, seq } = parsePosition(id);
        // Up to where the count was read, entries are in it.
        const isCounted = !isBefore(countedTo, { ms, seq });
        this.#take(bytes, ms, seq, 0, bytes.length, isCounted ? 0 : 1);
        this.#identity = identityOf(bytes, 0);
      }
      if (entries.length < chunkSize && !this.#held.hasOverflowed) return true;
    }
  }

  #takePush(push: Buffer, isHeld = false): void {
    let last = -1;
    let isStale = false;
    readPush(push, (ms, seq, start, end) => {
      const position = this.#position as Position;
      if (ms > position.ms || (ms === position.ms && seq > position.seq)) {
        this.#take(push, ms, seq, start, end, 1);
        last = start;
      } else {
        isStale = true;
      }
    });
    if (last >= 0) this.#identity = identityOf(push, last);
    // While live, ids only grow: this stream isn't the one that was followed.
    if (isStale && !isHeld) {
      this.#start('stale');
      this.#held.add(push);
    }
  }

  #take(bytes: Buffer, ms: number, seq: number, start: number, end: number, added: number): void {
    const { tally } = this.#parts;
    this.#position = { ms, seq };
    this.#added += added;
    tally.received++;
    if (!this.rooms.has(roomOf(bytes, start))) {
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
    tally.mostLagMs = Math.max(tally.mostLagMs, this.#parts.clock.nowMs() - ms);
    try {
      this.#parts.listener.onEntry(entry);
    } catch (err) {
      // One entry's bug must not cost the others of the shard.
      this.#parts.log.error({ err, room: entry.room }, 'an entry could not be handled');
    }
  }

  async #readState(link: Link, position: Position | undefined, identity: string): Promise<StreamState> {
    const text = position === undefined ? '' : formatPosition(position);
    return readState(await link.readPosition(this.shard.stream, text, identity));
  }

  #debug(err: unknown): void {
    this.#parts.log.debug({ err, shard: this.shard.index }, 'a command of a follower failed');
  }
}
