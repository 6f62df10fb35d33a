import type { RedisClient } from '@roomstream/runtime/redis';
import {
  logConfigurationsKey,
  logLeaseKey,
  logQueueKey,
  reviewDeadKey,
  reviewStreamKey,
  streamKey,
} from './keys.ts';
import { parsePosition } from './position.ts';
import { makeShards, type Shard } from './shards.ts';

/** What is in a shard now. Ages in milliseconds of Redis's clock; undefined where there is nothing. */
export type ShardState = {
  readonly shard: number;
  readonly tag: string;
  readonly room: { readonly entries: number; readonly bytes: number; readonly oldestMs: number | undefined };
  /** Messages that wait for a verdict, and those that nobody could read. */
  readonly review: {
    readonly waiting: number;
    readonly oldestMs: number | undefined;
    readonly dead: number;
  };
  /** Records that wait, in how many queues, and who ships them. */
  readonly logs: {
    readonly queues: number;
    readonly waiting: number;
    readonly oldestMs: number | undefined;
    readonly shipper: string | undefined;
  };
};

/** Shards that are read at the same time. */
const together = 16;

/** Looks into every shard, without taking part in anything. Rejects when Redis is away. */
export async function readShardStates(commands: RedisClient, shards: number): Promise<ShardState[]> {
  const [seconds, microseconds] = await commands.time();
  const nowMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  const states: ShardState[] = [];
  const { all } = makeShards(shards);
  for (let from = 0; from < all.length; from += together) {
    const batch = all.slice(from, from + together);
    states.push(...(await Promise.all(batch.map((shard) => readState(commands, shard, nowMs)))));
  }
  return states;
}

async function readState(commands: RedisClient, { index, tag }: Shard, nowMs: number): Promise<ShardState> {
  const [room, bytes, review, dead, lanes, lease] = await Promise.all([
    readStream(commands, streamKey(tag), nowMs),
    commands.memory('USAGE', streamKey(tag)),
    readStream(commands, reviewStreamKey(tag), nowMs),
    commands.xlen(reviewDeadKey(tag)),
    commands.smembers(logConfigurationsKey(tag)),
    commands.get(logLeaseKey(tag)),
  ]);
  const queues = await Promise.all(
    lanes.map((lane) => readStream(commands, logQueueKey(tag, lane.slice(accountWidth)), nowMs)),
  );
  return {
    shard: index,
    tag,
    room: { ...room, bytes: Number(bytes ?? 0) },
    review: { waiting: review.entries, oldestMs: review.oldestMs, dead },
    logs: {
      queues: queues.length,
      waiting: queues.reduce((sum, { entries }) => sum + entries, 0),
      oldestMs: queues.reduce<number | undefined>((most, { oldestMs }) => larger(most, oldestMs), undefined),
      shipper: lease?.split(':')[0],
    },
  };
}

/** Of `<account><configuration>`. */
const accountWidth = 12;

async function readStream(
  commands: RedisClient,
  key: string,
  nowMs: number,
): Promise<{ readonly entries: number; readonly oldestMs: number | undefined }> {
  const [entries, [first]] = await Promise.all([
    commands.xlen(key),
    commands.xrange(key, '-', '+', 'COUNT', 1),
  ]);
  return {
    entries,
    oldestMs: first === undefined ? undefined : Math.round(nowMs - parsePosition(first[0]).ms),
  };
}

function larger(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one;
}
