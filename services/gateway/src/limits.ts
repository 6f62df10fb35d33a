/**
 * Exact sliding window of one connection: never more than `most` in any second. It remembers the times of the last
 * `most` that passed, in a ring that grows as it is used; the oldest of them tells whether one more fits.
 */
export class SlidingWindow {
  /** How many pass in a second. */
  readonly most: number;
  readonly #timesMs: number[] = [];
  #oldest = 0;

  /** `most`: a whole number of at least 1. */
  constructor(most: number) {
    this.most = most;
  }

  /** Takes one at `nowMs` of a monotonic clock; false when the second is full, and then nothing is taken. */
  take(nowMs: number): boolean {
    const times = this.#timesMs;
    const oldest = times[this.#oldest];
    if (oldest !== undefined && oldest <= nowMs - 1000) times[this.#oldest] = nowMs;
    else if (times.length < this.most) times.splice(this.#oldest, 0, nowMs);
    else return false;
    this.#oldest = (this.#oldest + 1) % times.length;
    return true;
  }
}

/** Whoever has a window: a session. */
export type Limited = { window: SlidingWindow | undefined };

/** Takes one request of a connection whose account allows `perSecond` (Infinity: no limit). The window is made at the first. */
export function takeRequest(limited: Limited, perSecond: number, nowMs: number): boolean {
  if (perSecond === Number.POSITIVE_INFINITY) return true;
  const most = Math.floor(perSecond);
  if (most < 1) return false;
  if (limited.window?.most !== most) limited.window = new SlidingWindow(most);
  return limited.window.take(nowMs);
}
