import { randomBytes } from 'node:crypto';
import type { RedisClient } from '@roomstream/runtime/redis';

const key = 'control-plane:{page-tokens}:secret';
const secretBytes = 32;

/**
 * The secret that seals page tokens: made by whichever control plane starts first, kept beside the records, so that it
 * needs no setting and lives as long as the positions that it seals. Rejects when Redis is away.
 */
export async function pageTokenSecret(redis: RedisClient): Promise<Buffer> {
  await redis.set(key, randomBytes(secretBytes).toString('hex'), 'NX');
  // Read after writing: of two control planes that start together one has lost the race.
  const text = await redis.get(key);
  if (text === null) throw new Error(`${key} has gone`);
  return Buffer.from(text, 'hex');
}
