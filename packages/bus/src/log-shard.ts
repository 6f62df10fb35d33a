import { sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { logFenceKey, logLeaseKey } from './keys.ts';
import type { LogListener } from './log-group.ts';
import { LogLanes } from './log-lanes.ts';
import type { Scripts } from './scripts.ts';
import type { Shard } from './shards.ts';

/** What a shipper's part in a shard needs. */
export type LogShardParts = {
  readonly scripts: Scripts;
  readonly log: Log;
  readonly listener: LogListener;
  readonly shipper: string;
  readonly leaseMs: number;
  /** A turn has failed or, with undefined, succeeded. */
  readonly onOutcome: (shard: Shard, error: unknown) => void;
};

/** How long a shard that is given up waits for what is being shipped. */
const releasePatienceMs = 10_000;

/**
 * A shipper's part in one shard: its lease, taken, renewed and given up. While the lease is held nobody else ships the shard;
 * whoever is paused for longer finds it lost, and can't remove anything with it.
 */
export class LogShard {
  readonly #parts: LogShardParts;
  readonly #shard: Shard;
  readonly #lanes: LogLanes;
  #lease = '';
  /** Until when the lease holds if it isn't renewed, on the monotonic clock. */
  #untilMs = 0;
  /** While it is given up, or what was shipped under a lost lease isn't over. */
  #releasing: Promise<void> | undefined;
  #turn: Promise<void> | undefined;
  #records = 0;
  #oldestMs = Number.POSITIVE_INFINITY;

  constructor(parts: LogShardParts, shard: Shard) {
    this.#parts = parts;
    this.#shard = shard;
    this.#lanes = new LogLanes(parts.scripts, shard);
  }

  /** The lease, '' without one. */
  get lease(): string {
    return this.#lease;
  }

  /** As of the last poll; nothing of a shard that isn't owned. */
  get waiting(): { readonly records: number; readonly oldestMs: number } {
    return { records: this.#records, oldestMs: this.#oldestMs };
  }

  /** Takes, polls or gives up the shard. The turn before may still be under way: then it only looks at the clock. */
  turn(isOwn: boolean): void {
    if (this.#lease !== '' && performance.now() > this.#untilMs) this.lost(this.#lease);
    this.#turn ??= this.#run(isOwn).finally(() => {
      this.#turn = undefined;
    });
  }

  /** The lease turned out to be another's. */
  lost(lease: string): void {
    if (lease === '' || lease !== this.#lease) return;
    this.#parts.log.debug({ shard: this.#shard.index }, 'the lease of a log shard is lost');
    this.#drop();
    this.#releasing ??= this.#finish().then(() => {
      this.#releasing = undefined;
    });
  }

  /** Gives it up, and resolves when that is done. Never rejects. */
  async stop(): Promise<void> {
    await this.#turn;
    if (this.#lease !== '') this.#release();
    await this.#releasing;
  }

  /** Never rejects. */
  async #run(isOwn: boolean): Promise<void> {
    try {
      if (this.#lease === '' && isOwn && this.#releasing === undefined) await this.#take();
      if (this.#lease !== '' && !isOwn) this.#release();
      if (this.#lease !== '') await this.#poll();
      this.#parts.onOutcome(this.#shard, undefined);
    } catch (error) {
      this.#parts.onOutcome(this.#shard, error);
    }
  }

  async #take(): Promise<void> {
    const { scripts, shipper, leaseMs } = this.#parts;
    const { tag } = this.#shard;
    const sentMs = performance.now();
    const lease = await scripts.takeLogLease(logLeaseKey(tag), logFenceKey(tag), shipper, leaseMs);
    this.#untilMs = sentMs + leaseMs;
    this.#lease = lease;
  }

  /** While it is given up as well: what is being shipped still needs the lease. */
  async #poll(): Promise<void> {
    const lease = this.#lease;
    const sentMs = performance.now();
    const poll = await this.#lanes.poll(lease, this.#parts.leaseMs);
    if (poll === undefined) {
      this.lost(lease);
      return;
    }
    const { lanes, dropped } = poll;
    if (lease === this.#lease) {
      this.#untilMs = sentMs + this.#parts.leaseMs;
      this.#records = lanes.reduce((sum, { records }) => sum + records, 0);
      this.#oldestMs = lanes.reduce(
        (least, { oldestMs }) => Math.min(least, oldestMs),
        Number.POSITIVE_INFINITY,
      );
    }
    const { index } = this.#shard;
    const isKept = lease === this.#lease && this.#releasing === undefined;
    if (isKept) this.#parts.listener.onLanes(index, lanes, dropped);
    // Of a shard that is being given up nothing more is to be begun, but what was dropped is told by nobody else.
    else if (dropped.size > 0) this.#parts.listener.onLanes(index, [], dropped);
  }

  #release(): void {
    this.#releasing ??= this.#giveUp().finally(() => {
      this.#releasing = undefined;
    });
  }

  /** Never rejects. */
  async #giveUp(): Promise<void> {
    await this.#finish();
    const lease = this.#lease;
    // Lost meanwhile.
    if (lease === '') return;
    this.#drop();
    try {
      await this.#parts.scripts.giveLogLease(logLeaseKey(this.#shard.tag), lease);
    } catch (err) {
      this.#parts.log.debug({ err, shard: this.#shard.index }, 'a log lease was not given up; it expires');
    }
  }

  /** Waits until nothing is being shipped, or patience ends. Never rejects. */
  async #finish(): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([
        this.#parts.listener.onRelease(this.#shard.index),
        sleep(releasePatienceMs, over.signal),
      ]);
    } catch (err) {
      this.#parts.log.error({ err, shard: this.#shard.index }, 'giving up a log shard failed');
    } finally {
      over.abort();
    }
  }

  #drop(): void {
    this.#lease = '';
    this.#records = 0;
    this.#oldestMs = Number.POSITIVE_INFINITY;
  }
}
