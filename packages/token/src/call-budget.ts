/** How often something may be done: at most `perSecond` in the long run, and `burst` at once. */
export class CallBudget {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #countedMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#countedMs = nowMs;
  }

  /** Takes one, when there is one left. `nowMs` is of a clock that never goes back. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.#countedMs) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + gained);
    this.#countedMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
