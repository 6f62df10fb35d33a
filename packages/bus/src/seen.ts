import type { Position } from './position.ts';

/** Entries are remembered for at least this long, and at most twice. */
const generationMs = 10_000;

/**
 * The entries of one shard that were delivered in the last seconds: a retried publish may stand twice in the stream,
 * and after a failover the stream is read again from `oldest`.
 */
export class Seen {
  #current = new Set<string>();
  #previous = new Set<string>();
  #currentSince: Position;
  #previousSince: Position;
  #beganMs: number;

  /** Begins at a position; `nowMs` is monotonic. */
  constructor(position: Position, nowMs: number) {
    this.#currentSince = position;
    this.#previousSince = position;
    this.#beganMs = nowMs;
  }

  /** Everything delivered behind this position is remembered. */
  get oldest(): Position {
    return this.#previousSince;
  }

  /** Remembers an entry; false when it was there. */
  add(identity: string): boolean {
    if (this.#current.has(identity) || this.#previous.has(identity)) return false;
    this.#current.add(identity);
    return true;
  }

  /**
   * Forgets what is old. Only while the shard is live: during an outage the memory must last, however long it takes.
   */
  turn(position: Position, nowMs: number): void {
    if (nowMs - this.#beganMs < generationMs) return;
    this.#beganMs = nowMs;
    this.#previous = this.#current;
    this.#previousSince = this.#currentSince;
    this.#current = new Set();
    this.#currentSince = position;
  }
}
