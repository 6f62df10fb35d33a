import type { RedisServer } from '@roomstream/testing/redis-server';
import { streamFrames } from './stream-frames.ts';

/**
 * When each frame of a room was written to its stream, by the clock of Redis: the milliseconds in the entries' ids, in
 * the order of the stream. `roomId` is the last part of the room's ARN.
 */
export async function streamTimes(redis: RedisServer, roomId: string): Promise<readonly number[]> {
  const frames = await streamFrames(redis, roomId);
  return frames.map(({ entryId }) => Number(entryId.split('-')[0]));
}
