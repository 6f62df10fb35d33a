import { rateKey } from './keys.ts';
import type { RateName } from './rate-names.ts';
import type { RecordsConnection } from './records-connection.ts';

/** Permits granted at one moment. */
export type Grant = {
  readonly count: number;
  /** The time that they count from, in microseconds of Redis: what giving them back needs. */
  readonly stamp: string;
  /** Until the oldest permit of anybody expires; 0 when there is none. */
  readonly oldestExpiresMs: number;
};

/** A message waits for its permit, and its sender must hear within 2 seconds that Redis is away. */
const takeWindowMs = 1_000;

/**
 * The permits of the last second, of each account and rate: a list of grant times in Redis, so that never more than
 * the limit are granted in any second, whoever asks.
 */
export class RateWindows {
  readonly #connection: RecordsConnection;

  constructor(connection: RecordsConnection) {
    this.#connection = connection;
  }

  /**
   * Takes up to `count` permits. Rejects with StoreUnavailable, within 2 seconds. A try whose reply was lost may have taken its permits:
   * they are lost for a second, never granted twice.
   */
  async take(account: string, rate: RateName, perSecond: number, count: number): Promise<Grant> {
    const args = [Math.floor(perSecond), count];
    const attempt = () => this.#connection.scripts.takeRate([rateKey(account, rate)], args);
    const reply = await this.#connection.retry(`take ${rate}`, attempt, takeWindowMs);
    const [granted, stamp, oldestExpiresMicros] = reply as [number, string, number];
    return { count: granted, stamp, oldestExpiresMs: oldestExpiresMicros / 1000 };
  }

  /** Gives back permits of one grant, as if they hadn't been taken. Not repeated: they expire by themselves. */
  async giveBack(account: string, rate: RateName, stamp: string, count: number): Promise<void> {
    await this.#connection.client.lrem(rateKey(account, rate), -count, stamp);
  }
}
