import type { RateName } from './rate-names.ts';
import type { RateWindows } from './rate-windows.ts';

/** Rates per account, exact over all processes. */
export type Rates = {
  /**
   * Takes up to `n` (1) of `perSecond` in any second of Redis time; returns how many were granted. Infinity grants all
   * and costs nothing. Rejects with StoreUnavailable, within 2 seconds, when nobody can count because Redis is away.
   */
  take(account: string, rate: RateName, perSecond: number, n?: number): Promise<number>;
};

/** Opens the rates. */
export function openRates(windows: RateWindows): Rates {
  return {
    take: async (account, rate, perSecond, n = 1) => {
      if (perSecond === Number.POSITIVE_INFINITY || n <= 0) return n;
      return (await windows.take(account, rate, perSecond, n)).count;
    },
  };
}
