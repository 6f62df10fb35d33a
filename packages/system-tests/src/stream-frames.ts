import { openLog } from '@roomstream/runtime/log';
import { connectRedis, parseRedisUrl, type RedisClient } from '@roomstream/runtime/redis';
import { eventually } from '@roomstream/testing/eventually';

/** A frame as the stream of its shard holds it: the truth of what a room has said. */
export type StreamFrame = {
  /** The entry's id, `<milliseconds of Redis time>-<sequence>`. */
  readonly entryId: string;
  /** The frame, to the byte. */
  readonly text: string;
};

/** Runs `act` with a connection to Redis of its own. */
export async function withRedis<T>(
  redis: { readonly url: string },
  act: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const access = {
    redisUrl: parseRedisUrl(redis.url),
    redisCaFile: undefined,
    redisSentinelPassword: undefined,
  };
  const client = connectRedis(access, 'system-tests', openLog('system-tests', 'silent'));
  try {
    await eventually(() => client.ping(), 20_000);
    return await act(client);
  } finally {
    client.disconnect();
  }
}

/** The frames of a room in the order of its stream; `roomId` is the last part of the room's ARN. */
export function streamFrames(redis: { readonly url: string }, roomId: string): Promise<StreamFrame[]> {
  return withRedis(redis, async (client) => {
    const frames: StreamFrame[] = [];
    for (const key of await client.keys('*:room')) {
      for (const [entryId, fields] of await client.xrange(key, '-', '+')) {
        const entry = fields[1] ?? '';
        // Kind, account, room and id stand before the frame (packages/bus, entry.ts).
        if (entry.startsWith('F') && entry.slice(13, 25) === roomId)
          frames.push({ entryId, text: entry.slice(37) });
      }
    }
    return frames;
  });
}

/** Runs `act` with the key of the stream in which a room is. Rejects when it is in none. */
export function withStreamOf<T>(
  redis: { readonly url: string },
  roomId: string,
  act: (client: RedisClient, key: string) => Promise<T>,
): Promise<T> {
  return withRedis(redis, async (client) => {
    for (const key of await client.keys('*:room')) {
      const entries = await client.xrange(key, '-', '+');
      if (entries.some(([, fields]) => fields[1]?.slice(13, 25) === roomId)) return act(client, key);
    }
    throw new Error(`no stream has entries of room ${roomId}`);
  });
}
