/** Leave to invoke a handler; it goes back with the outcome. */
export type Ticket = { readonly isProbe: boolean };

/** Whether a handler is invoked: `closed` as usual, `open` not at all, `probing` one invocation decides. */
export type BreakerState = 'closed' | 'open' | 'probing';

/**
 * Stops invoking a handler that fails again and again: a handler that is down must not cost every message its time. Times
 * are milliseconds of the monotonic clock.
 */
export class Breaker {
  readonly #mostFailures: number;
  readonly #leastMs: number;
  readonly #openMs: number;
  #state: BreakerState = 'closed';
  /** In a row, and when the first of them was. */
  #failures = 0;
  #failingSinceMs = 0;
  #openUntilMs = 0;

  /**
   * Opens for `openMs` after `mostFailures` in a row (0: never), unless all of them fell within less than `leastMs`: with many
   * invocations under way one short standstill, of the handler or of this process, fails them all at once.
   */
  constructor(mostFailures: number, leastMs: number, openMs: number) {
    this.#mostFailures = mostFailures;
    this.#leastMs = leastMs;
    this.#openMs = openMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Leave to invoke; undefined while it is open. */
  admit(nowMs: number): Ticket | undefined {
    if (this.#state === 'closed') return { isProbe: false };
    if (this.#state === 'probing' || nowMs < this.#openUntilMs) return undefined;
    this.#state = 'probing';
    return { isProbe: true };
  }

  /** The outcome of an admitted invocation. Of those that began before it opened none counts: the probe decides. */
  settle(ticket: Ticket, hasSucceeded: boolean, nowMs: number): void {
    if (!ticket.isProbe && this.#state !== 'closed') return;
    if (hasSucceeded) {
      this.#state = 'closed';
      this.#failures = 0;
      return;
    }
    if (this.#failures++ === 0) this.#failingSinceMs = nowMs;
    if (!ticket.isProbe && !this.#isFailing(nowMs)) return;
    this.#state = 'open';
    this.#openUntilMs = nowMs + this.#openMs;
  }

  #isFailing(nowMs: number): boolean {
    if (this.#mostFailures === 0 || this.#failures < this.#mostFailures) return false;
    return nowMs - this.#failingSinceMs >= this.#leastMs;
  }
}
