import type { LogLane } from '@roomstream/bus/log-group';
import { Backoff } from '@roomstream/runtime/backoff';
import { mostEntryBytes } from './batch.ts';
import type { Amount } from './buffer-budget.ts';
import type { LogDestination } from './log-destination.ts';
import type { Retry } from './read-batch.ts';
import { type Schedule, windowDueMs } from './schedule.ts';

const leastPauseMs = 1_000;
const mostPauseMs = 30_000;

/** A queue that this shipper ships: the records of one logging configuration on one shard, one batch at a time. */
export class Lane {
  /** As of the last poll, less what has been shipped since. */
  queue: LogLane;
  /** A batch of it is being shipped. */
  isBusy = false;
  /** Ends when the batch in hand is shipped or given up. */
  done: Promise<void> = Promise.resolve();
  /** The batch at its head, when that couldn't be delivered. */
  retry: Retry | undefined;
  /** The batch at its head is larger than the queue was at the last poll. */
  hasOutgrown = false;
  /** The lane is given up: nothing more is to begin. */
  readonly released = new AbortController();
  /** How often in a row its batch failed while the destination worked for others. */
  failures = 0;
  readonly #backoff = new Backoff(leastPauseMs, mostPauseMs);
  #delivery: AbortController | undefined;
  #interruption: Error | undefined;
  #notBeforeMs = 0;

  constructor(queue: LogLane) {
    this.queue = queue;
  }

  /** Whether its next batch may begin, at this time of the monotonic clock and of Redis. */
  isDue(pace: LogDestination['pace'], schedule: Schedule, nowMs: number, redisMs: number): boolean {
    const { records, oldestMs, shard } = this.queue;
    if (this.isBusy || records === 0 || nowMs < this.#notBeforeMs) return false;
    if (pace === 'live' || this.retry !== undefined) return true;
    return windowDueMs(schedule, shard, oldestMs, records) <= redisMs;
  }

  /** The most that its next batch can take. */
  need(batch: Amount): Amount {
    if (this.retry !== undefined) return { records: this.retry.entries, bytes: this.retry.bytes };
    const records = this.hasOutgrown ? batch.records : Math.min(this.queue.records, batch.records);
    return { records, bytes: Math.min(batch.bytes, records * mostEntryBytes) };
  }

  /** Its next batch begins. */
  begin(): void {
    this.isBusy = true;
    this.#interruption = undefined;
  }

  /** Begins a delivery, which `interrupt` ends; one that came while the batch was read ends it at once. */
  beginDelivery(): AbortController {
    const delivery = new AbortController();
    if (this.#interruption !== undefined) delivery.abort(this.#interruption);
    this.#delivery = delivery;
    return delivery;
  }

  /** Whether the delivery was interrupted: its outcome says nothing about the destination. */
  endDelivery(): boolean {
    this.#delivery = undefined;
    return this.#interruption !== undefined;
  }

  /** Ends the batch that is under way, if there is one. */
  interrupt(why: string): void {
    if (!this.isBusy) return;
    this.#interruption ??= new Error(why);
    this.#delivery?.abort(this.#interruption);
  }

  /** A batch is shipped: the queue begins behind it. */
  advance(entries: number, nextMs: number | undefined, pace: LogDestination['pace']): void {
    this.retry = undefined;
    this.hasOutgrown = false;
    this.failures = 0;
    this.#backoff.reset();
    this.#notBeforeMs = 0;
    const left = Math.max(this.queue.records - entries, 0);
    // When nothing stood behind the batch, what came since can be read at once, but its window isn't known before the next poll.
    const records = nextMs === undefined && pace === 'window' ? 0 : left;
    this.queue = { ...this.queue, records, oldestMs: nextMs ?? this.queue.oldestMs };
  }

  /** It failed though its destination works for others: it alone pauses, ever longer unless there was progress. */
  pause(nowMs: number, hasProgress: boolean): void {
    this.failures++;
    if (hasProgress) this.#backoff.reset();
    this.#notBeforeMs = nowMs + this.#backoff.nextMs();
  }

  /** Lets it rest for a moment, for a reason that isn't the destination's. */
  rest(untilMs: number): void {
    this.#notBeforeMs = untilMs;
  }

  /** Ends a pause: the destination is another one now. */
  resume(): void {
    this.failures = 0;
    this.#backoff.reset();
    this.#notBeforeMs = 0;
  }
}
