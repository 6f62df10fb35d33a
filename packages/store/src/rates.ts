import type { Log } from '@roomstream/runtime/log';
import type { RateName } from './rate-names.ts';
import type { RateWindows } from './rate-windows.ts';

/** Rates per account, exact over all processes. */
export type Rates = {
  /**
   * Takes up to `n` (1) of `perSecond` in any second of Redis time; returns how many were granted. Infinity grants all
   * and costs nothing. Rejects with StoreUnavailable, within 2 seconds, when nobody can count because Redis is away.
   */
  take(account: string, rate: RateName, perSecond: number, n?: number): Promise<number>;
  /** Gives back what was taken within the last second and not used. */
  giveBack(account: string, rate: RateName, n: number): void;
};

/** A grant of this process that may still be given back. */
type Taken = { readonly stamp: string; readonly takenMs: number; count: number };

/** Permits older than this have expired in Redis, or are about to. */
const rememberedMs = 1_000;

/** Opens the rates. */
export function openRates(windows: RateWindows, log: Log): Rates {
  const taken = new Map<string, Taken[]>();
  return {
    take: async (account, rate, perSecond, n = 1) => {
      if (perSecond === Number.POSITIVE_INFINITY || n <= 0) return n;
      const { count, stamp } = await windows.take(account, rate, perSecond, n);
      if (count > 0) remember(taken, `${account}/${rate}`, { stamp, count, takenMs: performance.now() });
      return count;
    },
    giveBack: (account, rate, n) => {
      const grants = taken.get(`${account}/${rate}`) ?? [];
      let left = n;
      while (left > 0 && grants.length > 0) {
        // The oldest: the one that is given back is at least as young, so what stays counts at least as long.
        const grant = grants[0] as Taken;
        const count = Math.min(left, grant.count);
        grant.count -= count;
        left -= count;
        if (grant.count === 0) grants.shift();
        windows.giveBack(account, rate, grant.stamp, count).catch((err: unknown) => {
          log.debug({ err, account, rate }, 'permits were not given back; they expire in a second');
        });
      }
    },
  };
}

function remember(taken: Map<string, Taken[]>, key: string, grant: Taken): void {
  const grants = taken.get(key) ?? [];
  while (grants[0] !== undefined && grants[0].takenMs < grant.takenMs - rememberedMs) grants.shift();
  grants.push(grant);
  taken.set(key, grants);
}
