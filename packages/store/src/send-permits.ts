import { background } from '@roomstream/runtime/background';
import type { Log } from '@roomstream/runtime/log';
import { PermitAccount } from './permit-account.ts';
import type { Quotas } from './quotas.ts';
import { perSecondOf } from './rate-names.ts';
import type { RateWindows } from './rate-windows.ts';

/** How often permits that have grown old are looked for. */
const sweepMs = 25;

/**
 * Permits to send messages in an account, leased from its rate in small batches by recent demand, used within 100 ms or
 * given back: so most are at hand when they are needed, and over all gateways a second sees the rate, within 10 % above.
 */
export class SendPermits {
  readonly #windows: RateWindows;
  readonly #quotas: Quotas;
  readonly #log: Log;
  readonly #accounts = new Map<string, PermitAccount>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(windows: RateWindows, quotas: Quotas, log: Log) {
    this.#windows = windows;
    this.#quotas = quotas;
    this.#log = log;
  }

  /**
   * Takes a permit; synchronous when one is at hand. False: the account's rate is used up. Rejects with
   * StoreUnavailable, within 2 seconds, when none is at hand and Redis is away.
   */
  take(account: string): boolean | Promise<boolean> {
    const perSecond = perSecondOf(this.#quotas.of(account), 'SendMessage');
    if (perSecond === Number.POSITIVE_INFINITY) return true;
    const state = this.#account(account);
    const nowMs = performance.now();
    if (state.takeAtHand(nowMs)) {
      if (state.isRunningLow(nowMs)) this.#leaseSoon(account, state);
      return true;
    }
    if (state.isUsedUp(nowMs)) return false;
    return new Promise((settle, fail) => {
      state.waiting.push({ settle, fail });
      this.#leaseSoon(account, state);
    });
  }

  /** Returns a permit whose message was not admitted after all (the room's rate was used up). */
  giveBack(account: string): void {
    const stamp = this.#accounts.get(account)?.giveBack(performance.now());
    if (stamp !== undefined) this.#return(account, stamp, 1);
  }

  /** Gives back what is at hand. */
  async close(): Promise<void> {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    for (const [account, state] of this.#accounts) {
      for (const waiter of state.waiting.splice(0)) waiter.settle(false);
      for (const { stamp, count } of state.expire(Number.POSITIVE_INFINITY)) {
        this.#return(account, stamp, count);
      }
    }
    this.#accounts.clear();
  }

  #account(account: string): PermitAccount {
    let state = this.#accounts.get(account);
    if (state === undefined) {
      state = new PermitAccount();
      this.#accounts.set(account, state);
      if (this.#sweep === undefined) {
        this.#sweep = setInterval(() => this.#expire(), sweepMs);
        this.#sweep.unref();
      }
    }
    return state;
  }

  /** One lease of an account at a time. */
  #leaseSoon(account: string, state: PermitAccount): void {
    if (state.isLeasing) return;
    state.isLeasing = true;
    background(this.#lease(account, state), this.#log, 'leasing permits');
  }

  /** Leases for those who wait, and some more. */
  async #lease(account: string, state: PermitAccount): Promise<void> {
    do {
      // Those who come in the same turn of the event loop share the lease.
      await Promise.resolve();
      const sentMs = performance.now();
      const waiting = state.waiting.length;
      const asked = waiting + state.missing(sentMs);
      if (asked === 0) break;
      const perSecond = perSecondOf(this.#quotas.of(account), 'SendMessage');
      try {
        const grant = await this.#windows.take(account, 'SendMessage', perSecond, asked);
        state.add(grant, asked, sentMs, performance.now());
        state.refuse(waiting, grant.count);
      } catch (err) {
        for (const waiter of state.waiting.splice(0, waiting)) waiter.fail(err);
      }
    } while (state.waiting.length > 0);
    state.isLeasing = false;
  }

  #expire(): void {
    const nowMs = performance.now();
    for (const [account, state] of this.#accounts) {
      for (const { stamp, count } of state.expire(nowMs)) this.#return(account, stamp, count);
      if (state.isEmpty()) this.#accounts.delete(account);
    }
    if (this.#accounts.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #return(account: string, stamp: string, count: number): void {
    this.#windows.giveBack(account, 'SendMessage', stamp, count).catch((err: unknown) => {
      this.#log.debug({ err, account }, 'permits were not given back; they expire in a second');
    });
  }
}
