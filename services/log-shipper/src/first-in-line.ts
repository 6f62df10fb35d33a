/** The first in line has this long: what quick destinations hold comes back in that time. */
const turnMs = 2_000;

/** After a turn that brought nothing, since what is missing is held by destinations that hang, nobody is let wait for this long. */
const closedMs = 10_000;

/**
 * Whose turn it is when somebody asks for more of the buffer than is free: the others would take what comes back before it
 * is enough for him. While he waits nobody else takes; but not for long, since what he waits for may not come back soon.
 * Times are milliseconds of the monotonic clock.
 */
export class FirstInLine<T> {
  #first: T | undefined;
  #untilMs = 0;
  #closedUntilMs = 0;

  /** Whether somebody may take now. */
  admits(who: T, nowMs: number): boolean {
    if (this.#first !== undefined && nowMs >= this.#untilMs) {
      this.#first = undefined;
      this.#closedUntilMs = nowMs + closedMs;
    }
    return this.#first === undefined || this.#first === who;
  }

  /** He has got nothing, for want of room: he is the first in line unless somebody else is. */
  refused(who: T, nowMs: number): void {
    if (this.#first !== undefined || nowMs < this.#closedUntilMs) return;
    this.#first = who;
    this.#untilMs = nowMs + turnMs;
  }

  /** He has got it, or wants nothing any more. */
  leave(who: T): void {
    if (this.#first === who) this.#first = undefined;
  }
}
