/** What the wheel keeps: something that ends at a time. */
export type Expiring = { readonly expiresMs: number };

/** Width of a bucket. */
const bucketMs = 1000;

/**
 * Sessions by the second in which they end: one timer serves them all, since a timer per connection costs more memory
 * than the rest of an idle session. It also is the list of all open sessions.
 */
export class ExpiryWheel<T extends Expiring> {
  readonly #buckets = new Map<number, Set<T>>();
  #size = 0;

  /** How many it holds. */
  get size(): number {
    return this.#size;
  }

  /** Puts one in. */
  add(item: T): void {
    const key = bucketOf(item.expiresMs);
    const bucket = this.#buckets.get(key) ?? new Set();
    bucket.add(item);
    this.#buckets.set(key, bucket);
    this.#size++;
  }

  /** Takes one out; nothing happens when it isn't there. */
  remove(item: T): void {
    const key = bucketOf(item.expiresMs);
    const bucket = this.#buckets.get(key);
    if (bucket?.delete(item) !== true) return;
    this.#size--;
    if (bucket.size === 0) this.#buckets.delete(key);
  }

  /** Those whose time has come; they stay until they are removed. At most one bucket late. */
  due(nowMs: number): T[] {
    const due: T[] = [];
    for (const [key, bucket] of this.#buckets) {
      if ((key + 1) * bucketMs > nowMs) continue;
      for (const item of bucket) due.push(item);
    }
    return due;
  }

  /** All of them, in no order that matters. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const bucket of this.#buckets.values()) yield* bucket;
  }
}

function bucketOf(expiresMs: number): number {
  return Math.floor(expiresMs / bucketMs);
}
