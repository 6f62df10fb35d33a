import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { type Entry, encodeEntry } from './entry.ts';
import { reviewDeadKey, reviewQueueKey } from './keys.ts';
import type { Tally } from './metrics.ts';
import type { WaitingReview } from './review.ts';
import type { Scripts } from './scripts.ts';
import { type Settlement, settleReview } from './settle-review.ts';
import type { Shard, Shards } from './shards.ts';

/** What settling needs. */
export type ReviewSettlerParts = {
  readonly scripts: Scripts;
  readonly shards: Shards;
  readonly tally: Tally;
  readonly log: Log;
  /** Records of one logging configuration that may wait on one shard. */
  readonly logBacklogRecords: number;
};

/** Ends what waits for review: with its verdict, or put aside when nobody can read it. */
export class ReviewSettler {
  readonly #parts: ReviewSettlerParts;
  readonly #abort = new AbortController();
  #failures = 0;

  constructor(parts: ReviewSettlerParts) {
    this.#parts = parts;
  }

  /** Settles a message; false: it was settled before. Tries until Redis has answered; rejects when closed before. */
  async settle(review: WaitingReview, verdict: Entry): Promise<boolean> {
    const { shards, log } = this.#parts;
    const shard = shards.of(review.room);
    const queue = reviewQueueKey(shard.tag, review.room, review.sender.userId);
    const backoff = new Backoff(20, 500);
    const logs = verdict.kind === 'frame' ? review.logs : [];
    const settlement = { queue, entryId: review.entryId, verdict: encodeEntry(verdict), logs };
    for (;;) {
      try {
        const isFirst = await this.#run(shard, settlement);
        if (this.#failures > 0) log.info('settling works again');
        this.#failures = 0;
        return isFirst;
      } catch (err) {
        if (this.#abort.signal.aborted) throw err;
        if (this.#failures++ === 0) log.warn({ err }, 'settling fails; retrying');
        await backoff.pause(this.#abort.signal);
      }
    }
  }

  /**
   * Puts a message aside that nobody can read: left where it is, it would be claimed for ever and hold up its sender.
   * `given`: the sender's queue as its entry names it. Never rejects.
   */
  async bury(shard: Shard, entryId: string, given: string | undefined): Promise<void> {
    const { log, tally } = this.#parts;
    const nobody = reviewQueueKey(shard.tag, '', '');
    const queue = given?.startsWith(nobody.slice(0, -1)) ? given : nobody;
    try {
      if (!(await this.#run(shard, { queue, entryId, verdict: '', logs: [] }))) return;
      tally.deadReviews++;
      log.error(
        { entryId, keptIn: reviewDeadKey(shard.tag) },
        'a message for review can’t be read; put aside',
      );
    } catch (err) {
      // It is claimed again, by this worker or another.
      log.debug({ err, entryId }, 'a message that can’t be read could not be put aside');
    }
  }

  /** Nothing is tried again from now on. */
  close(): void {
    this.#abort.abort();
  }

  #run(shard: Shard, settlement: Settlement): Promise<boolean> {
    return settleReview(this.#parts.scripts, shard, settlement, this.#parts.logBacklogRecords);
  }
}
