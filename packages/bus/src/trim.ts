import type { Scripts } from './scripts.ts';
import type { Shards } from './shards.ts';

/** Shards that are trimmed at the same time. */
const together = 16;

/**
 * Removes what is older than the retention from every shard's stream. A shard that fails doesn't keep the others from
 * being trimmed; rejects with the first failure in the end.
 */
export async function trimShards(scripts: Scripts, shards: Shards, retentionMs: number): Promise<void> {
  const failures: unknown[] = [];
  for (let from = 0; from < shards.all.length; from += together) {
    const batch = shards.all.slice(from, from + together);
    await Promise.all(
      batch.map((shard) =>
        scripts.trimStream(shard.stream, retentionMs).catch((error: unknown) => failures.push(error)),
      ),
    );
  }
  if (failures.length > 0) throw failures[0];
}
