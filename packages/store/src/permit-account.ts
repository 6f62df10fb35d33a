import type { Grant } from './rate-windows.ts';

/** A batch of permits. */
type Lease = {
  readonly stamp: string;
  /** When it was asked for (performance.now): not later than Redis counted it. */
  readonly sentMs: number;
  atHand: number;
  /** Taken, and not given back. */
  used: number;
};

/** Someone who waits for a permit. */
export type PermitWaiter = {
  readonly settle: (granted: boolean) => void;
  readonly fail: (error: unknown) => void;
};

/** How long a permit may lie at hand. Used later, it would exceed the rate of that second by more than a tenth. */
const validMs = 100;

/** How long a batch is remembered, so that what is given back late returns to where it came from. */
const rememberedMs = 1_000;

/** Permits are leased ahead for what was admitted in this long, on average. */
const aheadMs = 25;

/** How often that average is taken anew, at most. */
const measureMs = 50;

/** The longest that requests are refused without asking: others may have given permits back. */
const mostUsedUpMs = 20;

/** The permits of one account on one gateway; no I/O. Times are those of performance.now. */
export class PermitAccount {
  readonly waiting: PermitWaiter[] = [];
  isLeasing = false;
  /** All batches that are remembered, oldest first. */
  readonly #leases: Lease[] = [];
  /** Those with permits at hand, oldest first. */
  #ready: Lease[] = [];
  #usedUpUntilMs = Number.NEGATIVE_INFINITY;
  /** Admitted since `#measuredMs`, and per millisecond before that. */
  #admitted = 0;
  #measuredMs = performance.now();
  #perMs = 0;

  /** Takes a permit at hand, the oldest that is still valid. */
  takeAtHand(nowMs: number): boolean {
    const lease = this.#ready.find(({ sentMs }) => nowMs - sentMs < validMs);
    if (lease === undefined) return false;
    this.#use(lease);
    return true;
  }

  /** Whether to lease ahead now. */
  isRunningLow(nowMs: number): boolean {
    return !this.isLeasing && !this.isUsedUp(nowMs) && this.#countAtHand(nowMs) < (this.#perMs * aheadMs) / 2;
  }

  /** Whether Redis said that there is nothing to be had before later. */
  isUsedUp(nowMs: number): boolean {
    return nowMs < this.#usedUpUntilMs;
  }

  /** How many permits to lease ahead: by what was admitted lately, so a flood that is refused counts for nothing. */
  missing(nowMs: number): number {
    const elapsedMs = nowMs - this.#measuredMs;
    if (elapsedMs >= measureMs) {
      this.#perMs = (this.#perMs + Math.max(0, this.#admitted) / elapsedMs) / 2;
      this.#admitted = 0;
      this.#measuredMs = nowMs;
    }
    return Math.max(0, Math.floor(this.#perMs * aheadMs) - this.#countAtHand(nowMs));
  }

  /**
   * Takes in what was granted of `asked`. Those who wait get theirs however long the reply took: their messages are
   * late for the same reason.
   */
  add(grant: Grant, asked: number, sentMs: number, nowMs: number): void {
    if (grant.count < asked) {
      this.#usedUpUntilMs = nowMs + Math.min(Math.max(grant.oldestExpiresMs, 1), mostUsedUpMs);
    }
    if (grant.count === 0) return;
    const lease = { stamp: grant.stamp, sentMs, atHand: grant.count, used: 0 };
    this.#leases.push(lease);
    this.#ready.push(lease);
    while (this.waiting.length > 0 && lease.atHand > 0) {
      this.#use(lease);
      this.waiting.shift()?.settle(true);
    }
  }

  /** Refuses those of the first `asked` for whom the `granted` permits weren't enough. */
  refuse(asked: number, granted: number): void {
    for (const { settle } of this.waiting.splice(0, Math.max(0, asked - granted))) settle(false);
  }

  /**
   * Takes a permit back, into the youngest batch it may be from; whoever waits gets it. Returns the batch's stamp when
   * that is too old to be used again, and the permit must return to Redis.
   */
  giveBack(nowMs: number): string | undefined {
    const lease = this.#leases.findLast(({ used }) => used > 0);
    if (lease === undefined) return undefined;
    lease.used--;
    this.#admitted--;
    if (nowMs - lease.sentMs >= validMs) return lease.stamp;
    if (lease.atHand++ === 0) this.#ready.push(lease);
    if (this.waiting.length > 0 && this.takeAtHand(nowMs)) this.waiting.shift()?.settle(true);
    return undefined;
  }

  /** Removes the permits that have grown old; returns them. */
  expire(nowMs: number): readonly { stamp: string; count: number }[] {
    const expired: { stamp: string; count: number }[] = [];
    for (const lease of this.#ready) {
      if (nowMs - lease.sentMs < validMs) continue;
      expired.push({ stamp: lease.stamp, count: lease.atHand });
      lease.atHand = 0;
    }
    if (expired.length > 0) this.#ready = this.#ready.filter(({ atHand }) => atHand > 0);
    const firstKept = this.#leases.findIndex(({ sentMs }) => nowMs - sentMs < rememberedMs);
    this.#leases.splice(0, firstKept === -1 ? this.#leases.length : firstKept);
    return expired;
  }

  /** Whether nothing is left to remember. */
  isEmpty(): boolean {
    return this.#leases.length === 0 && this.waiting.length === 0 && !this.isLeasing;
  }

  #use(lease: Lease): void {
    lease.used++;
    this.#admitted++;
    if (--lease.atHand === 0) this.#ready.splice(this.#ready.indexOf(lease), 1);
  }

  #countAtHand(nowMs: number): number {
    let count = 0;
    for (const { atHand, sentMs } of this.#ready) if (nowMs - sentMs < validMs) count += atHand;
    return count;
  }
}
