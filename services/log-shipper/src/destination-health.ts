import { Backoff } from '@roomstream/runtime/backoff';

/** Leave to deliver; it goes back with the outcome. */
export type Ticket = { readonly era: number };

/** What an outcome has told; undefined: nothing new. */
export type HealthChange = 'failing' | 'still-failing' | 'working' | undefined;

const leastPauseMs = 1_000;
const mostPauseMs = 30_000;

/**
 * Whether the destination of a logging configuration works. While it fails one delivery at a time is tried, after growing
 * pauses with jitter. Times are milliseconds of the monotonic clock.
 */
export class DestinationHealth {
  readonly #backoff = new Backoff(leastPauseMs, mostPauseMs);
  /** Grows with each change of state: outcomes of deliveries that began before one don't count. */
  #era = 0;
  #failures = 0;
  #retryMs = 0;
  #isProbing = false;

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Failed deliveries since it worked last. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether a delivery may begin. */
  admits(nowMs: number): boolean {
    return !this.isFailing || (!this.#isProbing && nowMs >= this.#retryMs);
  }

  /** A delivery begins. */
  begin(): Ticket {
    this.#isProbing = this.isFailing;
    return { era: this.#era };
  }

  /** It has delivered everything. */
  succeed(ticket: Ticket): HealthChange {
    if (ticket.era !== this.#era) return undefined;
    const wasFailing = this.isFailing;
    this.reset();
    return wasFailing ? 'working' : undefined;
  }

  /** It has failed, wholly or (`hasProgress`) in part. */
  fail(ticket: Ticket, hasProgress: boolean, nowMs: number): HealthChange {
    // Of the many that were under way when it broke, the first says so; the others say nothing new.
    if (ticket.era !== this.#era) return undefined;
    const wasFailing = this.isFailing;
    this.#era++;
    this.#failures++;
    this.#isProbing = false;
    if (hasProgress) this.#backoff.reset();
    this.#retryMs = nowMs + this.#backoff.nextMs();
    return wasFailing ? 'still-failing' : 'failing';
  }

  /** It ended without saying anything about the destination. */
  cancel(ticket: Ticket): void {
    if (ticket.era === this.#era) this.#isProbing = false;
  }

  /** Forgets all failures: the destination is another one now. */
  reset(): void {
    if (this.isFailing) this.#era++;
    this.#failures = 0;
    this.#isProbing = false;
    this.#retryMs = 0;
    this.#backoff.reset();
  }
}
