import type { RedisClient } from '@roomstream/runtime/redis';
import { eachShard } from './each-shard.ts';
import { logConfigurationsKey, logQueueKey } from './keys.ts';
import { parsePosition } from './position.ts';
import type { Scripts } from './scripts.ts';
import type { Shards } from './shards.ts';

/** What a stream is for: what rooms receive, what waits for review, what waits for its log. */
export type StreamKind = 'room' | 'review' | 'log';

/** How large a stream is; of several, all together. */
export type StreamFigure = {
  readonly entries: number;
  /** Age of the oldest entry in milliseconds, 0 when there is none. */
  readonly oldestMs: number;
  /** Memory, as Redis estimates it. */
  readonly bytes: number;
};

/** The streams of one shard. */
export type StreamFigures = Readonly<Record<StreamKind, StreamFigure>>;

/** Measures the streams of all shards, in their order. Rejects when Redis is away. */
export function measureStreams(
  commands: RedisClient,
  scripts: Scripts,
  shards: Shards,
  nowMs: number,
): Promise<StreamFigures[]> {
  return eachShard(shards, async ({ tag, stream, reviewStream }) => {
    const logged = await commands.smembers(logConfigurationsKey(tag));
    // `<account><configuration>`
    const queues = logged.map((owner) => logQueueKey(tag, owner.slice(12)));
    const rows = await scripts.measureStreams([stream, reviewStream, ...queues]);
    const [room = nothing, review = nothing, ...logs] = rows.map(([entries, oldest, bytes]) => ({
      entries,
      oldestMs: oldest === '' ? 0 : Math.max(0, nowMs - parsePosition(oldest).ms),
      bytes,
    }));
    return { room, review, log: together(logs) };
  });
}

const nothing: StreamFigure = { entries: 0, oldestMs: 0, bytes: 0 };

/** Several streams as one: the age is that of the oldest entry of all. */
export function together(figures: readonly StreamFigure[]): StreamFigure {
  return figures.reduce(
    (sum, { entries, oldestMs, bytes }) => ({
      entries: sum.entries + entries,
      oldestMs: Math.max(sum.oldestMs, oldestMs),
      bytes: sum.bytes + bytes,
    }),
    nothing,
  );
}
