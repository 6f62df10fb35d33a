import { sleep } from '@roomstream/runtime/backoff';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { RedisClient } from '@roomstream/runtime/redis';
import type { Clock } from './clock.ts';
import type { Entry } from './entry.ts';
import { reviewGroup } from './keys.ts';
import { parsePosition } from './position.ts';
import { decodeReview, type WaitingReview } from './review.ts';
import { ReviewSettler, type ReviewSettlerParts } from './review-settler.ts';
import { ReviewReader, type ReviewRow } from './review-stream.ts';
import { ReviewWakes, type ReviewWakesParts } from './review-wakes.ts';
import type { Shard } from './shards.ts';

/** Who reviews messages: a worker. */
export type ReviewListener = {
  /** How many more messages it takes now; what is beyond stays for other workers. */
  capacity(): number;
  /**
   * A message that this worker has to settle. `isClaimed`: another worker had it for too long, and may have asked its
   * handler. Synchronous and fast.
   */
  onReview(review: WaitingReview, isClaimed: boolean): void;
};

/** How a worker takes part. */
export type ReviewGroupOptions = {
  /** Names the worker; new at each of its starts. */
  readonly worker: string;
  /** A message that a worker has had for this long may be taken from it. Longer than a review takes. */
  readonly claimMs: number;
};

/** What waits for review on all shards, taken by a worker or not. */
export type ReviewBacklog = {
  readonly count: number;
  /** Age of the oldest message in milliseconds; 0 when none waits. */
  readonly oldestMs: number;
};

/** A worker's part in reviewing the messages of all rooms. */
export type ReviewGroup = {
  /**
   * Settles a message: `verdict` is the entry that its room gets, a frame or a reply with the message's id. Only the first
   * verdict of a message counts. Tries until Redis has answered; rejects when the group is closed before.
   */
  settle(review: WaitingReview, verdict: Entry): Promise<'settled' | 'settled-before'>;
  /** The listener takes messages again after it had no capacity. */
  resume(): void;
  /** As of the last sweep, a second or so ago. */
  backlog(): ReviewBacklog;
  /** Takes no more messages; settling goes on. */
  stopTaking(): Promise<void>;
  close(): Promise<void>;
};

/** What a group needs. */
export type ReviewGroupParts = ReviewWakesParts &
  ReviewSettlerParts & {
    readonly commands: RedisClient;
    readonly clock: Clock;
  };

const sweepMs = 1_000;

/** Reads that are under way at once, and messages of one read. */
const mostReads = 32;
const mostPerRead = 64;

/** Shards that are asked at once in a sweep. */
const together = 32;

/** Workers that have read nothing for this long are forgotten, in a sweep of so many. */
const forgetAfterMs = 3_600_000;
const forgetEvery = 600;

/** Opens a worker's part. It begins to take messages at once. */
export function openReviewGroup(
  parts: ReviewGroupParts,
  options: ReviewGroupOptions,
  listener: ReviewListener,
): ReviewGroup {
  return new Group(parts, options, listener);
}

class Group implements ReviewGroup {
  readonly #parts: ReviewGroupParts;
  readonly #options: ReviewGroupOptions;
  readonly #listener: ReviewListener;
  readonly #wakes: ReviewWakes;
  readonly #reader: ReviewReader;
  readonly #settler: ReviewSettler;
  readonly #loop: Loop;
  /** Shards that may have messages, in the order in which they said so. */
  readonly #due = new Set<Shard>();
  readonly #reading = new Set<Shard>();
  /** Messages that this worker has and hasn't settled, by id. */
  readonly #held = new Set<string>();
  /** Messages that reads under way may bring. */
  #reserved = 0;
  #backlog: ReviewBacklog = { count: 0, oldestMs: 0 };
  /** Since when Redis has answered every sweep, on the monotonic clock. */
  #steadySinceMs = Number.POSITIVE_INFINITY;
  #sweeps = 0;
  #isTaking = true;

  constructor(parts: ReviewGroupParts, options: ReviewGroupOptions, listener: ReviewListener) {
    this.#parts = parts;
    this.#options = options;
    this.#listener = listener;
    this.#reader = new ReviewReader(parts.commands, options.worker);
    this.#settler = new ReviewSettler(parts);
    this.#wakes = new ReviewWakes(parts, (shard) => this.#wake(shard));
    this.#loop = startLoop('reading what waits for review', sweepMs, () => this.#sweep(), parts.log);
  }

  async settle(review: WaitingReview, verdict: Entry): Promise<'settled' | 'settled-before'> {
    const isFirst = await this.#settler.settle(review, verdict);
    this.#held.delete(review.id);
    return isFirst ? 'settled' : 'settled-before';
  }

  resume(): void {
    this.#pump();
  }

  backlog(): ReviewBacklog {
    return this.#backlog;
  }

  async stopTaking(): Promise<void> {
    this.#isTaking = false;
    this.#wakes.close();
    await this.#loop.stop();
    while (this.#reading.size > 0) await sleep(5);
  }

  async close(): Promise<void> {
    await this.stopTaking();
    this.#settler.close();
    const { shards, scripts } = this.#parts;
    const forgetting = shards.all.map(({ reviewStream }) =>
      scripts.forgetConsumers(reviewStream, reviewGroup, forgetAfterMs, this.#options.worker),
    );
    for (const outcome of await Promise.allSettled(forgetting)) {
      // Another worker forgets this one in an hour.
      if (outcome.status === 'rejected') this.#parts.log.debug({ err: outcome.reason }, 'not signed off');
    }
  }

  #wake(shard: Shard): void {
    this.#due.add(shard);
    this.#pump();
  }

  /** Reads shards that are due, as far as the listener takes messages. One read of a shard at a time. */
  #pump(): void {
    if (!this.#isTaking) return;
    for (const shard of this.#due) {
      const free = this.#free();
      if (free <= 0 || this.#reading.size >= mostReads) return;
      if (this.#reading.has(shard)) continue;
      this.#due.delete(shard);
      this.#reading.add(shard);
      void this.#read(shard, Math.min(free, mostPerRead));
    }
  }

  #free(): number {
    return this.#listener.capacity() - this.#reserved;
  }

  /** Never rejects. */
  async #read(shard: Shard, most: number): Promise<void> {
    this.#reserved += most;
    try {
      const rows = await this.#reader.readNew(shard.reviewStream, most);
      this.#reserved -= most;
      for (const row of rows) this.#deliver(shard, row, false);
      if (rows.length === most) this.#due.add(shard);
    } catch (err) {
      this.#reserved -= most;
      // The next sweep comes back to it.
      this.#parts.log.debug({ err, shard: shard.index }, 'a shard could not be read for review');
    }
    this.#reading.delete(shard);
    this.#pump();
  }

  #deliver(shard: Shard, { entryId, entry, queue }: ReviewRow, isClaimed: boolean): void {
    const review = decodeReview(entry, entryId);
    if (review === undefined) {
      void this.#settler.bury(shard, entryId, queue);
      return;
    }
    // Claimed from itself: it is at work on it.
    if (this.#held.has(review.id)) return;
    this.#held.add(review.id);
    this.#listener.onReview(review, isClaimed);
  }

  /** Finds what no wake has told of and what dead workers have left, and measures the backlog. */
  async #sweep(): Promise<void> {
    try {
      await this.#wakes.turn();
      const isClaiming = performance.now() - this.#steadySinceMs >= this.#options.claimMs;
      const nowMs = this.#parts.clock.nowMs();
      const isForgetting = this.#sweeps++ % forgetEvery === forgetEvery - 1;
      let count = 0;
      let oldestMs = 0;
      for (let from = 0; from < this.#parts.shards.all.length; from += together) {
        const batch = this.#parts.shards.all.slice(from, from + together);
        const found = await Promise.all(batch.map((shard) => this.#look(shard, isClaiming, isForgetting)));
        for (const [waiting, oldest] of found) {
          count += waiting;
          if (oldest !== '') oldestMs = Math.max(oldestMs, nowMs - parsePosition(oldest).ms);
        }
      }
      this.#backlog = { count, oldestMs };
      if (this.#steadySinceMs === Number.POSITIVE_INFINITY) this.#steadySinceMs = performance.now();
    } catch (error) {
      // After an outage workers that live settle what they have; only then their messages may be taken from them.
      this.#steadySinceMs = Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  async #look(
    shard: Shard,
    isClaiming: boolean,
    isForgetting: boolean,
  ): Promise<readonly [count: number, oldest: string]> {
    const found = await this.#parts.scripts.reviewBacklog(shard.reviewStream);
    if (found[0] > 0) {
      this.#wake(shard);
      if (isClaiming) await this.#claim(shard);
    }
    if (isForgetting) {
      await this.#parts.scripts.forgetConsumers(shard.reviewStream, reviewGroup, forgetAfterMs, '');
    }
    return found;
  }

  async #claim(shard: Shard): Promise<void> {
    let cursor = '0-0';
    do {
      const most = Math.min(this.#free(), mostPerRead);
      if (most <= 0 || !this.#isTaking) return;
      this.#reserved += most;
      const { rows, cursor: next } = await this.#reader
        .claim(shard.reviewStream, this.#options.claimMs, cursor, most)
        .finally(() => {
          this.#reserved -= most;
        });
      cursor = next;
      for (const row of rows) this.#deliver(shard, row, true);
    } while (cursor !== '0-0');
  }
}
