import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { RedisClient } from '@roomstream/runtime/redis';
import type { Clock } from './clock.ts';
import { logLeaseKey } from './keys.ts';
import { acknowledgeLogQueue, readLogQueue } from './log-queue.ts';
import { LogShard } from './log-shard.ts';
import { LogShippers } from './log-shippers.ts';
import type { Tally } from './metrics.ts';
import type { Scripts } from './scripts.ts';
import type { Shard, Shards } from './shards.ts';

/** The records of one logging configuration that wait on one shard: a queue. */
export type LogLane = {
  readonly shard: number;
  /** Twelve digits. */
  readonly account: string;
  /** The logging configuration's id. */
  readonly configuration: string;
  /** How many wait. */
  readonly records: number;
  /** When the first of them was sent, milliseconds of Redis time. */
  readonly oldestMs: number;
  /** The id of the first of them. */
  readonly oldestId: string;
};

/** A frame that is to be logged. */
export type LogEntry = {
  /**
   * Its id in the queue, which is the one that it has in the stream of the room's shard; a higher one when that stream
   * was lost, so that its ids went back, and the queue wasn't.
   */
  readonly entryId: string;
  /** When it was added, milliseconds of Redis time; never decreases within a queue. */
  readonly ms: number;
  /** The room's id. */
  readonly room: string;
  /** The message's or event's id. */
  readonly id: string;
  /** The frame, UTF-8. */
  readonly body: Buffer;
};

/** Who ships logs. */
export type LogListener = {
  /**
   * What waits on a shard that this shipper owns, at each poll; no lanes when nothing does. `dropped`: records that
   * `drop-oldest` has removed since the last poll, by `<account><configuration>`; while a shard is given up they are told
   * without its lanes. Synchronous and fast.
   */
  onLanes(shard: number, lanes: readonly LogLane[], dropped: ReadonlyMap<string, number>): void;
  /**
   * The shard is to be given up, or is lost already: resolves when nothing of it is being shipped any more. What is
   * shipped until then can be acknowledged, unless the lease is lost. After 10 s the shard goes anyway.
   */
  onRelease(shard: number): Promise<void>;
};

/** How a shipper takes part. */
export type LogGroupOptions = {
  /** Names the shipper; new at each of its starts. */
  readonly shipper: string;
  /** A shipper that hasn't been heard of for this long loses its shards; 5 s when not given. */
  readonly leaseMs?: number;
};

/** A shipper's part in shipping the logs of all shards: each shard is owned by one shipper at a time. */
export type LogGroup = {
  /** The first `count` records of a lane behind an entry id ('' = from the head). Rejects when Redis is away. */
  read(lane: LogLane, after: string, count: number): Promise<readonly LogEntry[]>;
  /**
   * Removes what is shipped, up to and including the entry; may be repeated. `lost`: the shard isn't this shipper's any
   * more, and nothing was removed. Rejects when Redis is away: it may have happened.
   */
  acknowledge(lane: LogLane, through: string): Promise<'acknowledged' | 'lost'>;
  /** Whether Redis says that the lane's shard is still this shipper's: nobody else has removed anything. Rejects when Redis is away. */
  owns(lane: LogLane): Promise<boolean>;
  ownedShards(): number;
  /** What waits on owned shards, as of the last polls; `oldestMs`: age of the oldest in milliseconds, 0 when none waits. */
  backlog(): { readonly records: number; readonly oldestMs: number };
  /** Takes no more shards and gives up all, each when nothing of it is being shipped any more (at most 10 s). */
  stopTaking(): Promise<void>;
  close(): Promise<void>;
};

/** What a group needs. */
export type LogGroupParts = {
  readonly commands: RedisClient;
  readonly scripts: Scripts;
  readonly shards: Shards;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly log: Log;
};

const pollMs = 1_000;

/**
 * Shards are polled in so many parts, one after the other: polls, and the reads and acknowledgements that follow them, in
 * one burst would keep Redis from everything else for some milliseconds, which chat would feel.
 */
const pollParts = 40;

const defaultLeaseMs = 5_000;

/** Opens a shipper's part. It begins to take shards at once. */
export function openLogGroup(
  parts: LogGroupParts,
  options: LogGroupOptions,
  listener: LogListener,
): LogGroup {
  return new Group(parts, options, listener);
}

class Group implements LogGroup {
  readonly #parts: LogGroupParts;
  readonly #shippers: LogShippers;
  readonly #shards: readonly LogShard[];
  readonly #loop: Loop;
  /** Shards whose last turn failed. */
  readonly #failing = new Set<Shard>();
  #beat: Promise<void> | undefined;
  #isBeatFailing = false;
  #stopped: Promise<void> | undefined;

  constructor(parts: LogGroupParts, options: LogGroupOptions, listener: LogListener) {
    const { scripts, shards, log } = parts;
    const { shipper, leaseMs = defaultLeaseMs } = options;
    this.#parts = parts;
    this.#shippers = new LogShippers(scripts, shipper, leaseMs);
    const onOutcome = (shard: Shard, error: unknown) => this.#note(shard, error);
    this.#shards = shards.all.map(
      (shard) => new LogShard({ scripts, log, listener, shipper, leaseMs, onOutcome }, shard),
    );
    // Nothing is awaited: where one master is away, the shards of the others go on.
    let part = 0;
    const turn = async () => {
      if (part === 0) this.#beat ??= this.#runBeat();
      for (let index = part; index < this.#shards.length; index += pollParts) this.#turnShard(index);
      part = (part + 1) % pollParts;
    };
    this.#loop = startLoop('polling logs', pollMs / pollParts, turn, log);
  }

  async read(lane: LogLane, after: string, count: number): Promise<readonly LogEntry[]> {
    const { commands, tally, log } = this.#parts;
    let from = after;
    for (;;) {
      const read = await readLogQueue(commands, this.#shardOf(lane), lane.configuration, from, count);
      const { entries, unreadable, lastId } = read;
      if (unreadable > 0) {
        tally.unreadable += unreadable;
        log.error({ lane, unreadable, lastId }, 'records of a log can’t be read; skipped');
      }
      if (entries.length > 0 || unreadable === 0) return entries;
      // At the head nothing behind them takes them along.
      if (from === '' && (await this.acknowledge(lane, lastId)) === 'lost') return [];
      if (from !== '') from = lastId;
    }
  }

  async acknowledge(lane: LogLane, through: string): Promise<'acknowledged' | 'lost'> {
    const own = this.#shards[lane.shard];
    const lease = own?.lease ?? '';
    if (own === undefined || lease === '') return 'lost';
    if (await acknowledgeLogQueue(this.#parts.scripts, this.#shardOf(lane), lane, lease, through)) {
      return 'acknowledged';
    }
    own.lost(lease);
    return 'lost';
  }

  async owns(lane: LogLane): Promise<boolean> {
    const own = this.#shards[lane.shard];
    const lease = own?.lease ?? '';
    if (own === undefined || lease === '') return false;
    const current = await this.#parts.commands.get(logLeaseKey(this.#shardOf(lane).tag));
    if (current === lease) return true;
    own.lost(lease);
    return false;
  }

  ownedShards(): number {
    return this.#shards.filter(({ lease }) => lease !== '').length;
  }

  backlog(): { readonly records: number; readonly oldestMs: number } {
    let records = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { waiting } of this.#shards) {
      records += waiting.records;
      oldest = Math.min(oldest, waiting.oldestMs);
    }
    return { records, oldestMs: records === 0 ? 0 : Math.max(0, this.#parts.clock.nowMs() - oldest) };
  }

  stopTaking(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  close(): Promise<void> {
    return this.stopTaking();
  }

  async #stop(): Promise<void> {
    await this.#beat;
    // First, so that the others are about to take the shards when they are free.
    const signedOff = this.#shippers.signOff().catch((err: unknown) => {
      this.#parts.log.debug({ err }, 'not signed off');
    });
    await Promise.all(this.#shards.map((shard) => shard.stop()));
    // Until here leases are renewed.
    await this.#loop.stop();
    await signedOff;
  }

  #shardOf(lane: LogLane): Shard {
    return this.#parts.shards.all[lane.shard] as Shard;
  }

  #turnShard(index: number): void {
    this.#shards[index]?.turn(this.#shippers.isOwn(index));
  }

  /** Never rejects. */
  async #runBeat(): Promise<void> {
    const { log } = this.#parts;
    try {
      if (this.#stopped !== undefined) return;
      const hasChanged = await this.#shippers.beat(this.#shards.length);
      if (this.#isBeatFailing) log.info('hearing of other log shippers works again');
      this.#isBeatFailing = false;
      if (!hasChanged || this.#stopped !== undefined) return;
      for (const index of this.#shards.keys()) this.#turnShard(index);
    } catch (err) {
      if (!this.#isBeatFailing) log.warn({ err }, 'hearing of other log shippers fails; retrying');
      this.#isBeatFailing = true;
    } finally {
      this.#beat = undefined;
    }
  }

  /** Logs only when the first shard fails and when none does any more. */
  #note(shard: Shard, err: unknown): void {
    const { log } = this.#parts;
    if (err === undefined) {
      if (this.#failing.delete(shard) && this.#failing.size === 0) log.info('polling logs works again');
      return;
    }
    if (this.#failing.size === 0) log.warn({ err, shard: shard.index }, 'polling logs fails; retrying');
    this.#failing.add(shard);
  }
}
