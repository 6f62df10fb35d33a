import { type Entry, encodeEntry } from './entry.ts';
import { checkLogTargets, type LogTarget } from './log-target.ts';
import { PublishLane, type Waiting } from './publish-lane.ts';
import { PublishTurns } from './publish-turns.ts';
import type { Published, PublisherParts } from './publishing.ts';
import { Refusals } from './refusals.ts';
import { encodeReview, type Review } from './review.ts';

/** Publishes: the publishes of one turn (publish-turns.ts) share commands. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #lanes: PublishLane[];
  readonly #refusals = new Refusals();
  readonly #turns: PublishTurns;
  #isClosed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#turns = new PublishTurns(parts);
    this.#lanes = parts.shards.all.map((shard) => new PublishLane(parts, this.#refusals, this.#turns, shard));
  }

  /** Entries of one room, added one after the other or not at all; its frames to `logs` as well. Never rejects; throws on a malformed entry. */
  publish(
    entries: readonly Entry[],
    perSecond = Number.POSITIVE_INFINITY,
    logs: readonly LogTarget[] = [],
  ): Promise<Published> {
    const first = entries[0];
    if (first === undefined) throw new Error('a publish needs an entry');
    if (entries.some((entry) => entry.room !== first.room)) {
      throw new Error('the entries of a publish are of one room');
    }
    return this.#add(first.room, entries.map(encodeEntry), undefined, perSecond, logs);
  }

  /**
   * A message that has to be reviewed first; it counts for the room's rate like a publish, and the messages of one sender
   * keep the order in which they are submitted. `published`: it waits for review. Never rejects; throws on a malformed one.
   */
  submitReview(review: Review, perSecond = Number.POSITIVE_INFINITY): Promise<Published> {
    return this.#add(review.room, [encodeReview(review)], review.sender.userId, perSecond, review.logs);
  }

  /** Whether a publish of the room would be refused now without asking Redis. */
  isRefused(room: string, perSecond: number): boolean {
    const limit = limitOf(perSecond);
    return limit !== 0 && this.#refusals.waitMs(room, limit, performance.now()) > 0;
  }

  /** Sends nothing more: what waits is unavailable. */
  close(): void {
    this.#isClosed = true;
    this.#turns.close();
    for (const lane of this.#lanes) lane.close();
  }

  #add(
    room: string,
    entries: readonly string[],
    reviewedUserId: string | undefined,
    perSecond: number,
    logs: readonly LogTarget[],
  ): Promise<Published> {
    checkLogTargets(logs);
    if (this.#isClosed) return Promise.resolve({ kind: 'unavailable' });
    const limit = limitOf(perSecond);
    const nowMs = performance.now();
    const waitMs = limit === 0 ? 0 : this.#refusals.waitMs(room, limit, nowMs);
    if (waitMs > 0) {
      this.#parts.tally.refusedLocally++;
      return Promise.resolve({ kind: 'rate-exceeded', retryAfterMs: Math.ceil(waitMs) });
    }
    const lane = this.#lanes[this.#parts.shards.of(room).index] as PublishLane;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        room,
        limit,
        entries,
        reviewedUserId,
        logs: logs.length === 0 ? undefined : logs,
        beganMs: nowMs,
        sentAtRedisMs: undefined,
        deadline: undefined,
        isSettled: false,
        resolve,
      };
      lane.add(waiting);
    });
  }
}

/** The rate as the script takes it: whole, 0 for any number. */
function limitOf(perSecond: number): number {
  return Number.isFinite(perSecond) ? Math.max(1, Math.floor(perSecond)) : 0;
}
