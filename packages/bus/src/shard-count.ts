import type { RedisClient } from '@roomstream/runtime/redis';
import { shardCountKey } from './keys.ts';

/** Redis holds rooms over another number of shards than the settings say. */
export class WrongShardCount extends Error {
  override readonly name = 'WrongShardCount';
}

/**
 * Records the number of shards at the first start. Throws WrongShardCount when another one is recorded: rooms would be
 * looked for in the wrong streams.
 */
export async function checkShardCount(commands: RedisClient, shards: number): Promise<void> {
  let recorded = await commands.get(shardCountKey);
  if (recorded === null) {
    // Written only where it is missing: a Redis whose memory is full refuses even a SET that would do nothing.
    await commands.set(shardCountKey, shards, 'NX');
    recorded = await commands.get(shardCountKey);
  }
  if (recorded !== `${shards}`) {
    throw new WrongShardCount(
      `Redis was first used with ROOMSTREAM_SHARDS=${recorded}, and this process has ${shards}: set it to ${recorded}`,
    );
  }
}
