/** Someone who waits for a slot. */
export type Waiter = {
  readonly settle: (granted: boolean) => void;
  readonly fail: (error: unknown) => void;
  /** Until when it is worth asking again (performance.now). */
  readonly untilMs: number;
};

/** What Redis answered to a report. */
export type SlotReply = {
  readonly leased: number;
  readonly othersUsed: number;
  /** Slots that others hold without a connection; they give them back within about a second. */
  readonly othersSpare: number;
  /** Slots that this gateway might have at hand: its share of what is left. */
  readonly share: number;
};

/** What goes to Redis. */
export type SlotReport = {
  readonly used: number;
  readonly kept: number;
  readonly waiting: number;
  readonly spare: number;
};

/** Slots at hand that a gateway asks for while connections come in. With a smaller share left, slots are scarce. */
const spareSlots = 64;

/** Without a new connection for this long, slots at hand lie idle and go back. */
const busyMs = 1_000;

/**
 * The slots of one account on one gateway; no I/O. Invariant: Redis has at least `leased` slots in the gateway's name
 * for as long as the lease holds, so a connection that takes one of them is within the quota.
 */
export class SlotAccount {
  /** Connections, forced ones included. */
  used = 0;
  leased = 0;
  othersUsed = 0;
  isScarce = false;
  readonly waiting: Waiter[] = [];
  /** Connections in the last report that succeeded. */
  reportedUsed = 0;
  /** When that report was sent (performance.now). */
  reportedMs = Number.NEGATIVE_INFINITY;
  /** When the last connection came in (performance.now). */
  #acquiredMs = Number.NEGATIVE_INFINITY;

  /** Takes a slot at hand. */
  takeAtHand(nowMs: number, leaseMs: number): boolean {
    this.#acquiredMs = nowMs;
    if (this.waiting.length > 0 || this.used >= this.leased || nowMs > this.reportedMs + leaseMs)
      return false;
    this.used++;
    return true;
  }

  /** Whether more slots should be asked for before they run out. */
  isRunningLow(): boolean {
    return !this.isScarce && this.leased - this.used < spareSlots / 4;
  }

  /** What to report now. Slots at hand are given up when they are scarce, not needed, or no longer sure. */
  report(nowMs: number, leaseMs: number): SlotReport {
    const isBusy = nowMs < this.#acquiredMs + busyMs;
    const keepsSpare = isBusy && !this.isScarce && nowMs <= this.reportedMs + leaseMs;
    if (!keepsSpare) this.leased = Math.min(this.leased, this.used);
    const kept = Math.max(this.leased, this.used);
    const spare = isBusy ? spareSlots : 0;
    return { used: this.used, kept, waiting: this.waiting.length, spare };
  }

  /**
   * Takes in what Redis answered to `report`. Returns the waiters that get a slot and those that are refused; the
   * others may ask again.
   */
  accept(
    report: SlotReport,
    reply: SlotReply,
    sentMs: number,
    nowMs: number,
  ): { granted: Waiter[]; refused: Waiter[] } {
    this.leased = reply.leased;
    this.othersUsed = reply.othersUsed;
    this.isScarce = reply.share < spareSlots;
    this.reportedMs = sentMs;
    const granted = this.waiting.splice(0, Math.max(0, this.leased - this.used));
    this.used += granted.length;
    this.reportedUsed = Math.max(report.used, Math.min(report.used + report.waiting, reply.leased));
    const asked = this.waiting.slice(0, Math.max(0, report.waiting - granted.length));
    const refused = asked.filter((waiter) => reply.othersSpare === 0 || waiter.untilMs <= nowMs);
    for (const waiter of refused) this.waiting.splice(this.waiting.indexOf(waiter), 1);
    return { granted, refused };
  }

  /** Whether Redis should hear of this account: something changed, or the lease grows old. */
  isDue(nowMs: number, renewMs: number): boolean {
    if (this.used === 0 && this.leased === 0 && this.reportedUsed === 0) return false;
    return this.used !== this.reportedUsed || this.leased > this.used || nowMs >= this.reportedMs + renewMs;
  }

  /** Whether nothing is left to remember; without a quota what Redis has doesn't matter. */
  isEmpty(isLimited: boolean): boolean {
    if (this.used > 0 || this.waiting.length > 0) return false;
    return !isLimited || (this.leased === 0 && this.reportedUsed === 0);
  }
}
