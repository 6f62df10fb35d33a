import { randomBytes } from 'node:crypto';
import { tryFor } from '@roomstream/runtime/backoff';
import type { RedisClient } from '@roomstream/runtime/redis';

const key = 'control-plane:{page-tokens}:secret';
const secretBytes = 32;

/** How long a start waits: a Cluster's client connects to a master only when the first command needs it, which fails. */
const patienceMs = 5_000;

/**
 * The secret that seals page tokens: made by whichever control plane starts first, kept beside the records, so that it
 * needs no setting and lives as long as the positions that it seals. Rejects when Redis is away for 5 s.
 */
export async function pageTokenSecret(redis: RedisClient): Promise<Buffer> {
  return tryFor(patienceMs, () => agreeOnSecret(redis));
}

/** Safe to repeat: whatever is there first stays. */
async function agreeOnSecret(redis: RedisClient): Promise<Buffer> {
  await redis.set(key, randomBytes(secretBytes).toString('hex'), 'NX');
  // Read after writing: of two control planes that start together one has lost the race.
  const text = await redis.get(key);
  if (text === null) throw new Error(`${key} has gone`);
  return Buffer.from(text, 'hex');
}
