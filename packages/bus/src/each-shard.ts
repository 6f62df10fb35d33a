import type { Shard, Shards } from './shards.ts';

/** Shards that are asked at the same time. */
const together = 16;

/**
 * Asks something of every shard, some at a time; the answers in the order of the shards. One that fails doesn't keep the
 * others from being asked; rejects with the first failure in the end.
 */
export async function eachShard<T>(shards: Shards, ask: (shard: Shard) => Promise<T>): Promise<T[]> {
  const outcomes: PromiseSettledResult<T>[] = [];
  for (let from = 0; from < shards.all.length; from += together) {
    outcomes.push(...(await Promise.allSettled(shards.all.slice(from, from + together).map(ask))));
  }
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
