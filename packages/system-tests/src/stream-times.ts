import { openLog } from '@roomstream/runtime/log';
import { connectRedis, parseRedisUrl } from '@roomstream/runtime/redis';
import { eventually } from '@roomstream/testing/eventually';
import type { RedisServer } from '@roomstream/testing/redis-server';

/**
 * When each frame of a room was written to its stream, by the clock of Redis: the milliseconds in the entries' ids, in
 * the order of the stream. `roomId` is the last part of the room's ARN.
 */
export async function streamTimes(redis: RedisServer, roomId: string): Promise<readonly number[]> {
  const access = {
    redisUrl: parseRedisUrl(redis.url),
    redisCaFile: undefined,
    redisSentinelPassword: undefined,
  };
  const client = connectRedis(access, 'system-tests', openLog('system-tests', 'silent'));
  try {
    await eventually(() => client.ping(), 20_000);
    const keys = await client.keys('*:room');
    const times: number[] = [];
    for (const key of keys) {
      const entries = (await client.xrange(key, '-', '+')) as readonly [string, readonly string[]][];
      for (const [id, fields] of entries) {
        const entry = fields[1] ?? '';
        if (entry.startsWith('F') && entry.slice(0, 40).includes(roomId))
          times.push(Number(id.split('-')[0]));
      }
    }
    return times;
  } finally {
    client.disconnect();
  }
}
