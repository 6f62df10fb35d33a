import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { RedisAccess } from '@roomstream/runtime/redis';
import type { BusListener } from './bus-listener.ts';
import type { Clock } from './clock.ts';
import { Link } from './link.ts';
import type { Tally } from './metrics.ts';
import { type ReaderParts, ShardReader } from './shard-reader.ts';
import type { Shard, Shards } from './shards.ts';
import type { Standing } from './standing.ts';
import type { Topology } from './topology.ts';

/** Follows rooms; one per gateway. */
export type Follower = {
  /**
   * Resolves when every entry published from now on will be delivered; undefined when that is so already. Rejects when
   * Redis can't be followed within 5 s; a rejected join counts for nothing. Counted: join twice, leave twice.
   */
  join(room: string): Promise<void> | undefined;
  leave(room: string): void;
  /**
   * Where the reader of a joined room's shard stands: everything up to there has been handed out, or is being handed out now.
   * The same object while nothing comes. undefined: not followed, or not read yet.
   */
  standingOf(room: string): Standing | undefined;
  /** Why entries don't come now; none when they do. */
  notReady(): readonly string[];
  close(): Promise<void>;
};

/** What following needs. */
export type FollowerParts = {
  readonly access: RedisAccess;
  readonly shards: Shards;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly log: Log;
};

type Joined = {
  readonly room: string;
  readonly followed: Followed;
  count: number;
  /** While the shard isn't live. */
  waiting: { readonly promise: Promise<void>; readonly settle: (error?: Error) => void } | undefined;
};

type Followed = {
  readonly shard: Shard;
  readonly reader: ShardReader;
  /** Rooms that wait until the shard is live. */
  readonly waiting: Set<Joined>;
  linger: NodeJS.Timeout | undefined;
  /** When it was last seen live, or began to be followed, on the monotonic clock. */
  liveMs: number;
};

/** A shard that isn't live for this long is a fault: shards that are joined, or catch up, need a moment. */
const notLiveAfterMs = 3_000;

/** How long a join waits for Redis. */
const joinPatienceMs = 5_000;

/** A shard without rooms is followed for this long more: viewers come and go. */
const lingerMs = 30_000;

const turnMs = 1_000;
const troublePauseMs = 50;

/** Opens a follower on connections of its own. */
export function openFollower(parts: FollowerParts, listener: BusListener): Follower {
  return new ShardFollower(parts, listener);
}

class ShardFollower implements Follower {
  readonly #parts: FollowerParts;
  readonly #readerParts: ReaderParts;
  readonly #joined = new Map<string, Joined>();
  readonly #followed = new Map<Shard, Followed>();
  readonly #links = new Map<string, Link>();
  readonly #loop: Loop;
  readonly #age = () => Math.max(0, ...[...this.#links.values()].map((link) => link.ageMs()));
  readonly #count = () => this.#followed.size;
  #trouble: NodeJS.Timeout | undefined;
  #isClosed = false;
  #turns = 0;

  constructor(parts: FollowerParts, listener: BusListener) {
    this.#parts = parts;
    this.#readerParts = {
      listener,
      clock: parts.clock,
      tally: parts.tally,
      log: parts.log,
      onTrouble: () => this.#onTrouble(),
    };
    parts.tally.replyAges.add(this.#age);
    parts.tally.followedShards.add(this.#count);
    this.#loop = startLoop('following', turnMs, () => this.#turn(), parts.log);
  }

  join(room: string): Promise<void> | undefined {
    const known = this.#joined.get(room);
    if (known !== undefined) {
      known.count++;
      return known.waiting?.promise;
    }
    if (this.#isClosed) return Promise.reject(new Error('the follower is closed'));
    const followed = this.#follow(this.#parts.shards.of(room));
    const joined: Joined = { room, followed, count: 1, waiting: undefined };
    this.#joined.set(room, joined);
    clearTimeout(followed.linger);
    if (followed.reader.isLive) followed.reader.rooms.set(room, true);
    else this.#wait(joined);
    return joined.waiting?.promise;
  }

  leave(room: string): void {
    const joined = this.#joined.get(room);
    if (joined === undefined || --joined.count > 0) return;
    this.#joined.delete(room);
    joined.waiting?.settle();
    const { followed } = joined;
    followed.reader.rooms.delete(room);
    this.#lingerIfIdle(followed);
  }

  standingOf(room: string): Standing | undefined {
    const joined = this.#joined.get(room);
    // While it waits, what the reader passes isn't handed out to it.
    return joined === undefined || joined.waiting !== undefined ? undefined : joined.followed.reader.standing;
  }

  notReady(): readonly string[] {
    const reasons: string[] = [];
    let notLive = 0;
    this.#noteLive();
    const sinceMs = performance.now() - notLiveAfterMs;
    for (const { liveMs } of this.#followed.values()) if (liveMs < sinceMs) notLive++;
    if (notLive > 0) reasons.push(`${notLive} of ${this.#followed.size} followed shards are not live`);
    return reasons;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#trouble);
    for (const joined of this.#joined.values()) joined.waiting?.settle(new Error('the follower was closed'));
    for (const followed of this.#followed.values()) clearTimeout(followed.linger);
    for (const link of this.#links.values()) link.close();
    for (const { reader } of this.#followed.values()) reader.moveTo(undefined);
    this.#followed.clear();
    this.#parts.tally.replyAges.delete(this.#age);
    this.#parts.tally.followedShards.delete(this.#count);
    await this.#loop.stop();
  }

  #follow(shard: Shard): Followed {
    const known = this.#followed.get(shard);
    if (known !== undefined) return known;
    const waiting = new Set<Joined>();
    const reader = new ShardReader(shard, this.#readerParts, () => {
      for (const joined of waiting) {
        reader.rooms.set(joined.room, true);
        joined.waiting?.settle();
      }
    });
    const followed: Followed = { shard, reader, waiting, linger: undefined, liveMs: performance.now() };
    this.#followed.set(shard, followed);
    this.#place(followed);
    return followed;
  }

  #wait(joined: Joined): void {
    const { followed } = joined;
    let settle: (error?: Error) => void = () => undefined;
    const promise = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => settle(new Error('Redis could not be followed in time')),
        joinPatienceMs,
      );
      settle = (error) => {
        clearTimeout(timer);
        joined.waiting = undefined;
        followed.waiting.delete(joined);
        if (error === undefined) {
          resolve();
          return;
        }
        if (this.#joined.get(joined.room) === joined) this.#joined.delete(joined.room);
        this.#lingerIfIdle(followed);
        reject(error);
      };
    });
    joined.waiting = { promise, settle: (error) => settle(error) };
    followed.waiting.add(joined);
  }

  #lingerIfIdle(followed: Followed): void {
    if (followed.reader.rooms.size > 0 || followed.waiting.size > 0 || this.#isClosed) return;
    clearTimeout(followed.linger);
    followed.linger = setTimeout(() => {
      followed.reader.moveTo(undefined);
      this.#followed.delete(followed.shard);
      this.#closeIdleLinks();
    }, lingerMs);
  }

  /** Follows a shard over the connection to the master that owns it. */
  #place(followed: Followed): void {
    const { topology } = this.#parts;
    const owner = topology.ownerOf(followed.shard.slot);
    if (owner === undefined) {
      followed.reader.moveTo(undefined);
      this.#onTrouble();
      return;
    }
    let link = this.#links.get(owner);
    if (link === undefined) {
      link = new Link(this.#parts.access, topology.addressOf(owner), this.#parts.log, () =>
        this.#onTrouble(),
      );
      this.#links.set(owner, link);
    }
    followed.reader.moveTo(link);
  }

  #noteLive(): void {
    const nowMs = performance.now();
    for (const followed of this.#followed.values()) if (followed.reader.isLive) followed.liveMs = nowMs;
  }

  async #turn(): Promise<void> {
    this.#turns++;
    this.#noteLive();
    const tasks = [...this.#links.values()].map((link) => link.watch());
    if (this.#turns % 2 === 0) {
      for (const { reader } of this.#followed.values()) tasks.push(reader.check());
    }
    await Promise.allSettled(tasks);
    await this.#replace();
  }

  /** Something has changed: asks for the topology soon, once however much is said to have changed. */
  #onTrouble(): void {
    if (this.#isClosed || this.#trouble !== undefined) return;
    this.#trouble = setTimeout(() => {
      this.#trouble = undefined;
      this.#replace().catch((err: unknown) =>
        this.#parts.log.debug({ err }, 'the topology could not be read'),
      );
    }, troublePauseMs);
  }

  async #replace(): Promise<void> {
    await this.#parts.topology.refresh();
    if (this.#isClosed) return;
    for (const followed of this.#followed.values()) this.#place(followed);
    this.#closeIdleLinks();
  }

  #closeIdleLinks(): void {
    for (const [owner, link] of this.#links) {
      if (link.size > 0) continue;
      link.close();
      this.#links.delete(owner);
    }
  }
}
