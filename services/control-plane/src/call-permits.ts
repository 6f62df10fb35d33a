import type { Rates } from '@roomstream/store/rates';
import type { OperationName } from './every-operation.ts';

/** Permits of API calls. */
export type CallPermits = {
  /**
   * Takes one of `perSecond`; false when the account's rate is used up. Rejects with StoreUnavailable when nobody can
   * count because Redis is away.
   */
  take(account: string, operation: OperationName, perSecond: number): Promise<boolean>;
};

type Batch = { count: number; readonly granted: Promise<number> };

/**
 * Takes the permits that one turn of the event loop asks for with one command a rate: in a storm of CreateChatToken, a
 * sixth of the process's time went into asking one by one. Nothing is held ready, so the rate stays exact.
 */
export function openCallPermits(rates: Pick<Rates, 'take'>): CallPermits {
  const batches = new Map<string, Batch>();
  const begin = (key: string, account: string, operation: OperationName, perSecond: number): Batch => {
    const send = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      batches.delete(key);
      return rates.take(account, operation, perSecond, batch.count);
    };
    const batch: Batch = { count: 0, granted: send() };
    batches.set(key, batch);
    return batch;
  };
  return {
    take: async (account, operation, perSecond) => {
      if (perSecond === Number.POSITIVE_INFINITY) return true;
      const key = `${operation}/${account}`;
      const batch = batches.get(key) ?? begin(key, account, operation, perSecond);
      const place = batch.count++;
      return place < (await batch.granted);
    },
  };
}
