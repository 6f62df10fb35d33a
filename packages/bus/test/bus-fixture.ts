import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl, type RedisAccess } from '@roomstream/runtime/redis';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { BusListener, GapReason } from '../src/bus.ts';
import { type Bus, openBus } from '../src/bus.ts';
import type { Entry, Received } from '../src/entry.ts';
import type { LogGroup, LogLane, LogListener } from '../src/log-group.ts';
import type { LogTarget } from '../src/log-target.ts';
import type { Review } from '../src/review.ts';
import type { Recorded, RecordState } from '../src/user-records.ts';

/** How to reach the Redis of a test. */
export function accessTo(url: string, redisCaFile?: string): RedisAccess {
  return { redisUrl: parseRedisUrl(url), redisCaFile, redisSentinelPassword: undefined };
}

/** Opens a bus of few shards that logs nothing. */
export function openTestBus(
  target: string | RedisAccess,
  shards = 4,
  registry: Registry = new Registry(),
  logBacklogRecords = 100_000,
): Promise<Bus> {
  const access = typeof target === 'string' ? accessTo(target) : target;
  const log = openLog('bus-test', 'silent');
  return openBus({ access, shards, log, registry, logBacklogRecords });
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
    logs: [],
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

/** The account of all test rooms. */
export const account = '000000000000';

/** Log targets of configurations with these ids. */
export function logsTo(whenFull: LogTarget['whenFull'], ...configurations: readonly string[]): LogTarget[] {
  return configurations.map((configuration) => ({ configuration, whenFull }));
}

/** What a log queue on the room's shard holds, as `<stream id> <entry's id>`. */
export async function logQueue(bus: Bus, room: string, configuration: string): Promise<string[]> {
  const rows = await bus.commands.xrange(bus.keyOfRoom(room, `log:${configuration}`), '-', '+');
  return rows.map(([id, fields]) => `${id} ${fields[1]?.slice(25, 37)}`);
}

/** A connection of a user to a room. */
export class TestConnection implements Recorded {
  readonly number: number;
  readonly recordedRoom: string;
  readonly userId: string;
  returnedFrom: string | undefined = undefined;
  state: RecordState;

  constructor(number: number, room: string, userId: string, state: RecordState) {
    this.number = number;
    this.recordedRoom = room;
    this.userId = userId;
    this.state = state;
  }

  recordState(): RecordState {
    return this.state;
  }

  recorded(_: RecordState, returnedFrom: string | undefined): void {
    if (this.returnedFrom === returnedFrom) this.returnedFrom = undefined;
  }
}

/** A shipper that owns shards and ships nothing unless told. */
export class Shipper implements LogListener {
  readonly group: LogGroup;
  /** The lanes of the last poll, by shard. */
  readonly lanes = new Map<number, readonly LogLane[]>();
  readonly released: number[] = [];
  readonly dropped = new Map<string, number>();
  /** What a release waits for. */
  holding: Promise<void> = Promise.resolve();

  constructor(bus: Bus, leaseMs?: number) {
    this.group = bus.logGroup(
      leaseMs === undefined ? { shipper: newId() } : { shipper: newId(), leaseMs },
      this,
    );
  }

  onLanes(shard: number, lanes: readonly LogLane[], dropped: ReadonlyMap<string, number>): void {
    this.lanes.set(shard, lanes);
    for (const [owner, count] of dropped) this.dropped.set(owner, (this.dropped.get(owner) ?? 0) + count);
  }

  onRelease(shard: number): Promise<void> {
    this.lanes.delete(shard);
    this.released.push(shard);
    return this.holding;
  }

  /** The lane of a configuration, once a poll has found it. */
  lane(configuration: string): Promise<LogLane> {
    return eventually(
      () =>
        [...this.lanes.values()].flat().find((lane) => lane.configuration === configuration) ??
        assert.fail(`no lane of ${configuration}`),
      20_000,
    );
  }

  /** The shards that it has been told of and not been asked to give up. */
  shards(): number[] {
    return [...this.lanes.keys()].toSorted((a, b) => a - b);
  }
}
