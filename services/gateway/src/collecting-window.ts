/** How long a room's load is remembered: within this time what was delivered counts for a third of itself. */
const fadingMs = 250;

/**
 * The load at which a room's window is the longest: this many writes a second cost a fifth to a third of a core, and
 * one write of several frames costs hardly more than a write of one.
 */
const fullLoadPerSecond = 25_000;

/** Deliveries per second of one room, fading away exponentially. Times are of one monotonic clock. */
export class RoomLoad {
  #perSecond = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Counts deliveries and returns the load with them. */
  add(deliveries: number, nowMs: number): number {
    const faded = this.#perSecond * Math.exp((this.#atMs - nowMs) / fadingMs);
    this.#perSecond = faded + deliveries * (1000 / fadingMs);
    this.#atMs = nowMs;
    return this.#perSecond;
  }
}

/** For how many milliseconds a room's frames are collected: it grows with the load, as what that saves does. */
export function collectingWindowMs(loadPerSecond: number, mostMs: number): number {
  return mostMs * Math.min(1, loadPerSecond / fullLoadPerSecond);
}
