import { Cluster } from 'ioredis';
import type { RedisClient } from './redis.ts';

/** Memory of one master. */
export type RedisMemory = {
  readonly usedBytes: number;
  /** Its `maxmemory`; 0: it has none. */
  readonly limitBytes: number;
};

/** The memory of that master which is the fullest: where one is full, what is on it can't be written. Rejects when one is away. */
export async function fullestMaster(client: RedisClient): Promise<RedisMemory> {
  const masters = client instanceof Cluster ? client.nodes('master') : [client];
  const memories = await Promise.all(masters.map(async (master) => parseMemory(await master.info('memory'))));
  return memories.reduce((fullest, other) => (isFuller(other, fullest) ? other : fullest));
}

/** Reads what INFO says of memory. Throws when it says nothing of it. */
export function parseMemory(info: string): RedisMemory {
  const field = (name: string) => Number(new RegExp(`^${name}:([0-9]+)`, 'm').exec(info)?.[1]);
  const memory = { usedBytes: field('used_memory'), limitBytes: field('maxmemory') };
  if (Number.isNaN(memory.usedBytes + memory.limitBytes))
    throw new Error('INFO of Redis says nothing of memory');
  return memory;
}

/** Without a limit, the larger one is the fuller one. */
function isFuller(one: RedisMemory, other: RedisMemory): boolean {
  if (one.limitBytes === 0 || other.limitBytes === 0) return one.usedBytes > other.usedBytes;
  return one.usedBytes / one.limitBytes > other.usedBytes / other.limitBytes;
}
