type Waiter = { readonly settle: (isIn: boolean) => void };

/** Bounds what is under way at once. Who finds it full waits its turn for a bounded time, in order. */
export class Gate {
  readonly #most: number;
  readonly #waitMs: number;
  readonly #waiting = new Set<Waiter>();
  #inside = 0;

  /** Lets `most` in; as many may wait, each for `waitMs`. */
  constructor(most: number, waitMs: number) {
    this.#most = most;
    this.#waitMs = waitMs;
  }

  /** Nobody is in, and nobody waits. */
  get isIdle(): boolean {
    return this.#inside === 0 && this.#waiting.size === 0;
  }

  /** Whether the caller is in; then it must leave. */
  enter(): boolean | Promise<boolean> {
    if (this.#inside < this.#most) {
      this.#inside++;
      return true;
    }
    if (this.#waitMs === 0 || this.#waiting.size >= this.#most) return false;
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.settle(false), this.#waitMs);
      const waiter: Waiter = {
        settle: (isIn) => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve(isIn);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  /** Gives the place to the one who has waited longest. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inside--;
    else next.settle(true);
  }
}
