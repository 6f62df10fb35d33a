import { cannotWrite } from '@roomstream/runtime/redis';
import { rateKey, reviewQueueKey } from './keys.ts';
import type { Published, PublisherParts } from './publishing.ts';
import type { Refusals } from './refusals.ts';
import type { Shard } from './shards.ts';

/** A publish that isn't settled. */
export type Waiting = {
  readonly room: string;
  /** Most publishes of the room in any second; 0: any number. */
  readonly limit: number;
  /** Encoded entries. */
  readonly entries: readonly string[];
  /** Whose message it is, when it has to be reviewed first. */
  readonly reviewedUserId: string | undefined;
  /** When it began, on the monotonic clock. */
  readonly beganMs: number;
  /** The clock of Redis when it was first sent; from then on it may be in the stream. */
  sentAtRedisMs: number | undefined;
  /** Ends the patience, once something went wrong. */
  deadline: NodeJS.Timeout | undefined;
  isSettled: boolean;
  readonly resolve: (outcome: Published) => void;
};

/** A publish that isn't confirmed after this long is unavailable. */
const patienceMs = 2_000;

/** A retried publish is looked for from this long before it was first sent: what our idea of Redis's clock may err. */
const clockSlackMs = 1_000;

/** Publishes and characters of one command: a run of the script must not hold Redis up for long. */
const mostPublishes = 200;
const mostCharacters = 256 * 1024;

/**
 * Messages of a shard that may wait for review. Beyond it submitting is unavailable: without workers they would fill the
 * memory of Redis, and nobody would be told.
 */
const mostWaitingReviews = 10_000;

const retryLeastMs = 20;
const retryMostMs = 250;

/** The publishes of one shard, in order: what must be sent again goes before what is new. */
export class PublishLane {
  readonly #parts: PublisherParts;
  readonly #refusals: Refusals;
  readonly #shard: Shard;
  #queue: Waiting[] = [];
  #turn: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(parts: PublisherParts, refusals: Refusals, shard: Shard) {
    this.#parts = parts;
    this.#refusals = refusals;
    this.#shard = shard;
  }

  /** Sends it with the others of this turn of the event loop. */
  add(waiting: Waiting): void {
    this.#queue.push(waiting);
    // In a pause it waits with those that are sent again, so that an outage doesn't change the order of one sender.
    if (this.#pause === undefined) this.#turn ??= setImmediate(() => this.#flush());
  }

  /** Settles what waits as unavailable. */
  close(): void {
    this.#isClosed = true;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    clearTimeout(this.#pause);
    for (const waiting of this.#queue.splice(0)) this.#settle(waiting, { kind: 'unavailable' });
  }

  #flush(): void {
    this.#turn = undefined;
    this.#pause = undefined;
    const queue = this.#queue.filter((waiting) => !waiting.isSettled);
    this.#queue = [];
    for (let from = 0; from < queue.length; ) {
      const to = endOfBatch(queue, from);
      void this.#send(queue.slice(from, to));
      from = to;
    }
  }

  /** Runs the script for one batch. Never rejects. */
  async #send(batch: Waiting[]): Promise<void> {
    const sentMs = performance.now();
    const { tag, stream, reviewStream, channel, wakeChannel } = this.#shard;
    const keys = [stream, reviewStream];
    const args: (string | number)[] = [channel, wakeChannel];
    for (const waiting of batch) {
      const userId = waiting.reviewedUserId;
      keys.push(rateKey(tag, waiting.room));
      if (userId !== undefined) keys.push(reviewQueueKey(tag, waiting.room, userId));
      const since = waiting.sentAtRedisMs;
      args.push(
        waiting.limit,
        since === undefined ? '' : Math.max(0, since - clockSlackMs),
        userId === undefined ? '' : mostWaitingReviews,
        waiting.entries.length,
      );
      args.push(...waiting.entries);
      waiting.sentAtRedisMs ??= this.#parts.clock.nowMs();
    }
    try {
      const replies = await this.#parts.scripts.publishEntries(keys, args);
      if (this.#failures > 0) this.#parts.log.info({ shard: this.#shard.index }, 'publishing works again');
      this.#failures = 0;
      batch.forEach((waiting, i) => {
        this.#settleReply(waiting, replies[i] as string | number, sentMs);
      });
    } catch (err) {
      if (this.#failures++ === 0) this.#parts.log.warn({ err, shard: this.#shard.index }, 'publishing fails');
      if (cannotWrite(err)) {
        for (const waiting of batch) this.#settle(waiting, { kind: 'unavailable' });
      } else this.#retry(batch);
    }
  }

  #settleReply(waiting: Waiting, reply: string | number, sentMs: number): void {
    if (typeof reply === 'string') {
      this.#parts.tally.published++;
      this.#settle(waiting, { kind: 'published', entryId: reply });
      return;
    }
    if (reply < 0) {
      this.#settle(waiting, { kind: 'unavailable' });
      return;
    }
    const waitMs = reply / 1000;
    this.#refusals.remember(waiting.room, waiting.limit, sentMs, waitMs);
    this.#parts.tally.refusedByRedis++;
    this.#settle(waiting, { kind: 'rate-exceeded', retryAfterMs: Math.ceil(waitMs) });
  }

  #retry(batch: readonly Waiting[]): void {
    const nowMs = performance.now();
    const pauseMs =
      Math.min(retryLeastMs * 2 ** Math.min(this.#failures, 6), retryMostMs) * (0.5 + Math.random() / 2);
    const again: Waiting[] = [];
    for (const waiting of batch) {
      if (waiting.isSettled) continue;
      if (this.#isClosed || nowMs + pauseMs - waiting.beganMs >= patienceMs) {
        this.#settle(waiting, { kind: 'unavailable' });
      } else {
        waiting.deadline ??= setTimeout(
          () => this.#settle(waiting, { kind: 'unavailable' }),
          patienceMs - (nowMs - waiting.beganMs),
        );
        again.push(waiting);
      }
    }
    if (again.length === 0) return;
    this.#parts.tally.publishRetries += again.length;
    this.#queue = [...again, ...this.#queue].sort((a, b) => a.beganMs - b.beganMs);
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#pause ??= setTimeout(() => this.#flush(), pauseMs);
  }

  #settle(waiting: Waiting, outcome: Published): void {
    if (waiting.isSettled) return;
    waiting.isSettled = true;
    clearTimeout(waiting.deadline);
    if (outcome.kind === 'unavailable') this.#parts.tally.publishUnavailable++;
    else this.#parts.tally.publishSeconds.observe((performance.now() - waiting.beganMs) / 1000);
    waiting.resolve(outcome);
  }
}

function endOfBatch(queue: readonly Waiting[], from: number): number {
  let characters = 0;
  let to = from;
  while (to < queue.length && to - from < mostPublishes) {
    for (const entry of (queue[to] as Waiting).entries) characters += entry.length;
    if (characters > mostCharacters && to > from) break;
    to++;
  }
  return to;
}
