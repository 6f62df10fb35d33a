import { setTimeout as delay } from 'node:timers/promises';
import { background } from '@roomstream/runtime/background';
import type { Log } from '@roomstream/runtime/log';
import { slotsKey } from './keys.ts';
import type { Quotas } from './quotas.ts';
import type { RecordsConnection } from './records-connection.ts';
import { SlotAccount, type SlotReply, type SlotReport } from './slot-account.ts';

/** Slots of the connection quota that one gateway holds, leased from Redis: exact over all gateways. */
export type ConnectionSlots = {
  /**
   * Takes a slot for a new connection; false when the account's quota is used up. Synchronous when a slot is at hand.
   * Rejects with StoreUnavailable when Redis is away and none is.
   */
  acquire(account: string): boolean | Promise<boolean>;
  /** Returns the slot of a connection that has ended, acquired or forced. */
  release(account: string): void;
  /** Takes a slot in any case, over the quota where it must: for a connection that replaces another one. */
  force(account: string): void;
  /** Connections of the account on all gateways, as of the last report; those of this gateway alone without a quota. */
  count(account: string): number;
  close(): Promise<void>;
};

/** How long Redis keeps a gateway's slots after its last report: a dead one's are free within 30 s. */
const lifeMs = 25_000;

/** How long the gateway itself counts on them; less, because its clock and the way to Redis aren't exact. */
const leaseMs = 20_000;

/** A report at least this often. */
const renewMs = 8_000;

/** Changes are reported, and slots that lie idle given back, about this often. */
const turnMs = 1_000;

/** How long a connection waits for slots that others have at hand: two of their turns and some. */
const patienceMs = 2_500;

/** Pause between two tries of those who wait for such slots. */
const askAgainMs = 100;

/** Opens the slots of one gateway. */
export function openConnectionSlots(
  connection: RecordsConnection,
  quotas: Quotas,
  gatewayId: string,
  log: Log,
): ConnectionSlots {
  return new LeasedSlots(connection, quotas, gatewayId, log);
}

class LeasedSlots implements ConnectionSlots {
  readonly #connection: RecordsConnection;
  readonly #quotas: Quotas;
  readonly #gatewayId: string;
  readonly #log: Log;
  readonly #accounts = new Map<string, SlotAccount>();
  /** Accounts with a report under way, and whether another one must follow. */
  readonly #reporting = new Map<string, { isAgain: boolean; done: Promise<void> }>();
  readonly #turns: NodeJS.Timeout;
  /** Grows over restarts too, should a gateway come back under its old name. */
  #sequence = Date.now() * 1_000;
  #isClosed = false;

  constructor(connection: RecordsConnection, quotas: Quotas, gatewayId: string, log: Log) {
    this.#connection = connection;
    this.#quotas = quotas;
    this.#gatewayId = gatewayId;
    this.#log = log;
    this.#turns = setInterval(() => this.#turn(), turnMs);
    this.#turns.unref();
    connection.client.on('ready', this.#registerAgain);
  }

  acquire(account: string): boolean | Promise<boolean> {
    const state = this.#account(account);
    if (!this.#isLimited(account)) {
      state.used++;
      return true;
    }
    const nowMs = performance.now();
    if (state.takeAtHand(nowMs, leaseMs)) {
      if (state.isRunningLow()) this.#reportSoon(account, state);
      return true;
    }
    return new Promise((settle, fail) => {
      state.waiting.push({ settle, fail, untilMs: nowMs + patienceMs });
      this.#reportSoon(account, state);
    });
  }

  release(account: string): void {
    const state = this.#accounts.get(account);
    if (state === undefined || state.used === 0) throw new Error('a slot was released that nobody held');
    state.used--;
    const isLimited = this.#isLimited(account);
    // When slots are scarce somebody may be waiting for this one.
    if (isLimited && state.isScarce) this.#reportSoon(account, state);
    this.#forgetIfEmpty(account, state);
  }

  force(account: string): void {
    const state = this.#account(account);
    if (state.used >= state.leased && this.#isLimited(account)) {
      state.used++;
      this.#reportSoon(account, state);
    } else state.used++;
  }

  count(account: string): number {
    const state = this.#accounts.get(account);
    return state === undefined ? 0 : state.used + (this.#isLimited(account) ? state.othersUsed : 0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connection.client.off('ready', this.#registerAgain);
    clearInterval(this.#turns);
    await Promise.all([...this.#reporting.values()].map(({ done }) => done));
    await Promise.all(
      [...this.#accounts].map(async ([account, state]) => {
        for (const waiter of state.waiting.splice(0)) waiter.settle(false);
        if (state.leased === 0 && state.reportedUsed === 0) return;
        const nothing = { used: 0, kept: 0, waiting: 0, spare: 0 };
        await this.#send(account, nothing).catch((err: unknown) => {
          this.#log.warn({ err, account }, 'connection slots were not given back; they expire');
        });
      }),
    );
    this.#accounts.clear();
  }

  #account(account: string): SlotAccount {
    let state = this.#accounts.get(account);
    if (state === undefined) {
      state = new SlotAccount();
      this.#accounts.set(account, state);
    }
    return state;
  }

  #isLimited(account: string): boolean {
    return this.#quotas.of(account).connections !== Number.POSITIVE_INFINITY;
  }

  /** Reports what is due, and forgets what is empty. */
  #turn(): void {
    const nowMs = performance.now();
    for (const [account, state] of this.#accounts) {
      const isLimited = this.#isLimited(account);
      if (isLimited && state.isDue(nowMs, renewMs)) this.#reportSoon(account, state);
      this.#forgetIfEmpty(account, state);
    }
  }

  /** Not while a report is under way: its answer belongs to this state, and the next report is the same loop's. */
  #forgetIfEmpty(account: string, state: SlotAccount): void {
    if (state.isEmpty(this.#isLimited(account)) && !this.#reporting.has(account))
      this.#accounts.delete(account);
  }

  /** After an outage Redis may have lost what this gateway holds; others must not take it. */
  readonly #registerAgain = (): void => {
    for (const [account, state] of this.#accounts) {
      if (state.used > 0 && this.#isLimited(account)) this.#reportSoon(account, state);
    }
  };

  /** Reports an account, once more when a report is under way. */
  #reportSoon(account: string, state: SlotAccount): void {
    const running = this.#reporting.get(account);
    if (running !== undefined) running.isAgain = true;
    else if (!this.#isClosed) {
      const reporting = { isAgain: false, done: Promise.resolve() };
      this.#reporting.set(account, reporting);
      reporting.done = this.#keepReporting(account, state, reporting);
      background(reporting.done, this.#log, 'reporting connection slots');
    }
  }

  /** Reports until nothing has changed meanwhile and nobody waits. */
  async #keepReporting(account: string, state: SlotAccount, reporting: { isAgain: boolean }): Promise<void> {
    // Connections of one turn of the event loop share a report.
    await Promise.resolve();
    do {
      reporting.isAgain = false;
      await this.#report(account, state);
      if (!reporting.isAgain && state.waiting.length > 0) {
        await delay(askAgainMs);
        reporting.isAgain = true;
      }
    } while (reporting.isAgain && !this.#isClosed);
    this.#reporting.delete(account);
  }

  async #report(account: string, state: SlotAccount): Promise<void> {
    const sentMs = performance.now();
    const report = state.report(sentMs, leaseMs);
    try {
      const reply = await this.#send(account, report);
      const { granted, refused } = state.accept(report, reply, sentMs, performance.now());
      for (const waiter of granted) waiter.settle(true);
      for (const waiter of refused) waiter.settle(false);
    } catch (error) {
      this.#log.debug({ err: error, account }, 'connection slots could not be reported');
      for (const waiter of state.waiting.splice(0, report.waiting)) waiter.fail(error);
    }
  }

  async #send(account: string, report: SlotReport): Promise<SlotReply> {
    const { used, kept, waiting, spare } = report;
    const quota = this.#quotas.of(account).connections;
    // Unlimited only since this report was begun: any large number.
    const limit = Number.isFinite(quota) ? quota : Number.MAX_SAFE_INTEGER;
    const args = [this.#gatewayId, this.#sequence++, used, kept, waiting, spare, limit, lifeMs];
    const reply = await this.#connection.retry('report connection slots', () =>
      this.#connection.scripts.reportSlots([slotsKey(account)], args),
    );
    const figures = reply as number[];
    if (figures.length === 0) throw new Error('another process reports under the id of this gateway');
    const [leased, othersUsed, othersSpare, share] = figures as [number, number, number, number];
    return { leased, othersUsed, othersSpare, share };
  }
}
