import { eachShard } from './each-shard.ts';
import type { Scripts } from './scripts.ts';
import type { Shards } from './shards.ts';

/**
 * Removes what is older than the retention from every shard's stream, and says how many entries those were. A shard that
 * fails doesn't keep the others from being trimmed; rejects with the first failure in the end.
 */
export async function trimShards(scripts: Scripts, shards: Shards, retentionMs: number): Promise<number> {
  const removed = await eachShard(shards, (shard) => scripts.trimStream(shard.stream, retentionMs));
  return removed.reduce((sum, count) => sum + count, 0);
}
