import type { TestContext } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl, type RedisAccess } from '@roomstream/runtime/redis';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { BusListener, GapReason } from '../src/bus.ts';
import { type Bus, openBus } from '../src/bus.ts';
import type { Entry, Received } from '../src/entry.ts';
import type { Review } from '../src/review.ts';

/** How to reach the Redis of a test. */
export function accessTo(url: string, redisCaFile?: string): RedisAccess {
  return { redisUrl: parseRedisUrl(url), redisCaFile, redisSentinelPassword: undefined };
}

/** Opens a bus of few shards that logs nothing. */
export function openTestBus(
  target: string | RedisAccess,
  shards = 4,
  registry: Registry = new Registry(),
): Promise<Bus> {
  const access = typeof target === 'string' ? accessTo(target) : target;
  return openBus({ access, shards, log: openLog('bus-test', 'silent'), registry });
}

/** A Redis for one test. */
export async function redisFor(t: TestContext, args: readonly string[] = []): Promise<RedisServer> {
  const redis = await startRedis(args);
  t.after(() => redis.stop());
  return redis;
}

/** A bus for one test. */
export async function busFor(t: TestContext, ...how: Parameters<typeof openTestBus>): Promise<Bus> {
  const bus = await openTestBus(...how);
  t.after(() => bus.close());
  return bus;
}

/** Joins a room and collects what it receives. */
export async function collect(bus: Bus, room: string): Promise<Collector> {
  const collector = new Collector();
  await bus.follow(collector).join(room);
  return collector;
}

/** A frame for a room. */
export function frame(room: string, body = '{"Type":"MESSAGE"}'): Entry {
  return { kind: 'frame', account: '000000000000', room, id: newId(), body };
}

/** A message that has to be reviewed. */
export function reviewOf(room: string, userId: string, content = 'hello'): Review {
  return {
    account: '000000000000',
    room,
    id: newId(),
    requestId: 'r1',
    content,
    attributes: { a: 'b' },
    sender: { userId, attributes: { mood: 'fine' }, ip: '192.0.2.1' },
    handler: { uri: 'arn:aws:lambda:us-west-2:000000000000:function:f', fallbackResult: 'ALLOW' },
    maximumMessageLength: 500,
    replyTo: { gateway: newId(), session: 7 },
  };
}

/** Collects what a follower receives. */
export class Collector implements BusListener {
  readonly entries: (Received & { readonly text: string })[] = [];
  readonly gaps: { readonly rooms: readonly string[]; readonly reason: GapReason }[] = [];

  onEntry(entry: Received): void {
    this.entries.push({ ...entry, text: entry.body.toString() });
  }

  onGap(rooms: readonly string[], reason: GapReason): void {
    this.gaps.push({ rooms, reason });
  }

  /** Ids in the order of arrival. */
  ids(room?: string): string[] {
    return this.entries.filter((entry) => room === undefined || entry.room === room).map(({ id }) => id);
  }
}

/** The value of a metric of the bus. */
export async function metric(
  registry: Registry,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const found = await registry.getSingleMetric(`roomstream_bus_${name}`)?.get();
  const value = found?.values.find((candidate) =>
    Object.entries(labels).every(([key, text]) => candidate.labels[key] === text),
  );
  return value?.value ?? 0;
}
