import { type Entry, encodeEntry } from './entry.ts';
import { PublishLane, type Waiting } from './publish-lane.ts';
import type { Published, PublisherParts } from './publishing.ts';
import { Refusals } from './refusals.ts';

/** Publishes: the publishes that one turn of the event loop makes to one shard share one command. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #lanes: PublishLane[];
  readonly #refusals = new Refusals();
  #isClosed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#lanes = parts.shards.all.map((shard) => new PublishLane(parts, this.#refusals, shard));
  }

  /** Entries of one room, added one after the other or not at all. Never rejects; throws on a malformed entry. */
  publish(entries: readonly Entry[], perSecond = Number.POSITIVE_INFINITY): Promise<Published> {
    const first = entries[0];
    if (first === undefined) throw new Error('a publish needs an entry');
    if (entries.some((entry) => entry.room !== first.room)) {
      throw new Error('the entries of a publish are of one room');
    }
    const encoded = entries.map(encodeEntry);
    if (this.#isClosed) return Promise.resolve({ kind: 'unavailable' });
    const limit = Number.isFinite(perSecond) ? Math.max(1, Math.floor(perSecond)) : 0;
    const nowMs = performance.now();
    const waitMs = limit === 0 ? 0 : this.#refusals.waitMs(first.room, limit, nowMs);
    if (waitMs > 0) {
      this.#parts.tally.refusedLocally++;
      return Promise.resolve({ kind: 'rate-exceeded', retryAfterMs: Math.ceil(waitMs) });
    }
    const lane = this.#lanes[this.#parts.shards.of(first.room).index] as PublishLane;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        room: first.room,
        limit,
        entries: encoded,
        beganMs: nowMs,
        sentAtRedisMs: undefined,
        deadline: undefined,
        isSettled: false,
        resolve,
      };
      lane.add(waiting);
    });
  }

  /** Sends nothing more: what waits is unavailable. */
  close(): void {
    this.#isClosed = true;
    for (const lane of this.#lanes) lane.close();
  }
}
