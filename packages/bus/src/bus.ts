import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { RedisAccess, RedisClient } from '@roomstream/runtime/redis';
import { openRedisHealth, type RedisHealth } from '@roomstream/runtime/redis-health';
import { type SharedRedis, shareRedis } from '@roomstream/runtime/shared-redis';
import type { Registry } from 'prom-client';
import type { BusListener } from './bus-listener.ts';
import { defaultLogBacklogRecords } from './bus-settings.ts';
import { type Clock, startClock } from './clock.ts';
import type { Entry } from './entry.ts';
import { type Follower, openFollower } from './follower.ts';
import { type LogGroup, type LogGroupOptions, type LogListener, openLogGroup } from './log-group.ts';
import type { LogTarget } from './log-target.ts';
import { tallyOf } from './metrics.ts';
import { Publisher } from './publisher.ts';
import type { Published } from './publishing.ts';
import type { RoomPart, RoomRange } from './read-room.ts';
import type { Review } from './review.ts';
import {
  openReviewGroup,
  type ReviewGroup,
  type ReviewGroupOptions,
  type ReviewListener,
} from './review-group.ts';
import { RoomReader } from './room-reader.ts';
import { defineScripts, type Scripts } from './scripts.ts';
import { checkShardCount, WrongShardCount } from './shard-count.ts';
import { makeShards, type Shards } from './shards.ts';
import { measureStreams, type StreamFigures } from './stream-figures.ts';
import { makeTopology } from './topology.ts';
import { trimShards } from './trim.ts';

export type { BusListener } from './bus-listener.ts';
export type { Entry, EntryKind, Received } from './entry.ts';
export type { Follower } from './follower.ts';
export type { GapReason } from './judge.ts';
export type { Published } from './publishing.ts';
export type { RoomPart, RoomRange } from './read-room.ts';
export type { Standing } from './standing.ts';
export type { StreamFigures, StreamKind } from './stream-figures.ts';

/** What a bus is opened with. */
export type BusOptions = {
  readonly access: RedisAccess;
  /** Number of shards; the same in every process. */
  readonly shards: number;
  /** Records of one logging configuration that may wait on one shard; the same in every process. 100,000 when not given. */
  readonly logBacklogRecords?: number;
  /** Longest time for which the publishes of a busy process are collected, to be sent together. 0, never, when not given. */
  readonly mostCollectingMs?: number;
  readonly log: Log;
  readonly registry: Registry;
};

/** The streams that connect all processes. Guarantees: README.md of this package. */
export type Bus = {
  /** The clock of Redis: milliseconds since the epoch. */
  readonly clock: { nowMs(): number };
  /**
   * Entries of one room, published atomically and next to each other. At most `perSecond` publishes of the room pass in
   * any second (undefined or Infinity: no limit). Its frames are added to `logs` in the same step. Never rejects; throws
   * on a malformed entry.
   */
  publish(entries: readonly Entry[], perSecond?: number, logs?: readonly LogTarget[]): Promise<Published>;
  /**
   * Hands a message to the workers that review it; it counts for the room's rate like a publish. The messages of one
   * sender reach the room in the order in which they were submitted. `published`: it waits for review. Never rejects.
   */
  submitReview(review: Review, perSecond?: number): Promise<Published>;
  /** Whether a publish of the room at this rate would be refused now, as far as this process knows; free of cost. */
  isRefused(room: string, perSecond: number): boolean;
  follow(listener: BusListener): Follower;
  /** Frames of one room, found by scanning its shard's stream backwards. Rejects when Redis is away. */
  readRoom(room: string, range: RoomRange): Promise<RoomPart>;
  /** Takes part in reviewing messages; one per worker. */
  reviewGroup(options: ReviewGroupOptions, listener: ReviewListener): ReviewGroup;
  /** Takes part in shipping logs; one per shipper. */
  logGroup(options: LogGroupOptions, listener: LogListener): LogGroup;
  /**
   * One pass over all shards that removes entries older than the retention; how many it has removed. Safe from several
   * processes.
   */
  trim(retentionMs: number): Promise<number>;
  /** What each shard's streams hold, in the order of the shards. */
  measure(): Promise<readonly StreamFigures[]>;
  /** For claims and registries on the same Redis. */
  readonly commands: RedisClient;
  /** `{tag}:<what>`: a key on the room's shard. */
  keyOfRoom(room: string, what: string): string;
  /** The room's shard. */
  shardOf(room: string): number;
  /** Reasons against traffic now. */
  notReady(): readonly string[];
  close(): Promise<void>;
};

/** How long a start waits for Redis. */
const startPatienceMs = 30_000;

/** Redis that hasn't answered for this long is away. */
const awayAfterMs = 4_000;

/** Opens the bus. Rejects when another shard count is recorded in Redis, or when Redis is away for 30 s. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const { access, log, registry } = options;
  const shards = makeShards(options.shards);
  const shared = shareRedis(access, log, registry);
  const commands = shared.client;
  let clock: Clock | undefined;
  const health = openRedisHealth(registry, 'bus', () => clock !== undefined && clock.ageMs() <= awayAfterMs);
  try {
    const scripts = defineScripts(commands);
    clock = await startWithRedis(commands, scripts, shards, log, health);
    const { logBacklogRecords = defaultLogBacklogRecords, mostCollectingMs = 0 } = options;
    const amounts = { logBacklogRecords, mostCollectingMs };
    return makeBus({ access, log, registry, shared, scripts, shards, clock, health, ...amounts });
  } catch (error) {
    health.close();
    shared.close();
    throw error;
  }
}

async function startWithRedis(
  commands: RedisClient,
  scripts: Scripts,
  shards: Shards,
  log: Log,
  health: RedisHealth,
): Promise<Clock> {
  const deadline = performance.now() + startPatienceMs;
  const backoff = new Backoff(20, 500);
  for (;;) {
    try {
      await checkShardCount(commands, shards.all.length);
      return await startClock(scripts, shards.all[0]?.stream ?? '', log, health.answered);
    } catch (error) {
      if (error instanceof WrongShardCount || performance.now() > deadline) throw error;
      await backoff.pause();
    }
  }
}

type BusParts = {
  readonly access: RedisAccess;
  readonly log: Log;
  readonly registry: Registry;
  readonly shared: SharedRedis;
  readonly scripts: Scripts;
  readonly shards: Shards;
  readonly clock: Clock;
  readonly health: RedisHealth;
  readonly logBacklogRecords: number;
  readonly mostCollectingMs: number;
};

function makeBus(bus: BusParts): Bus {
  const {
    access,
    log,
    registry,
    shared,
    scripts,
    shards,
    clock,
    health,
    logBacklogRecords,
    mostCollectingMs,
  } = bus;
  const commands = shared.client;
  const tally = tallyOf(registry);
  tally.replyAges.add(clock.ageMs);
  const topology = makeTopology(commands, access);
  const publisher = new Publisher({
    scripts,
    shards,
    clock,
    tally,
    log,
    logBacklogRecords,
    mostCollectingMs,
    isCluster: access.redisUrl.kind === 'cluster',
  });
  const roomReader = new RoomReader(scripts, shards);
  const followers = new Set<Follower>();
  const groups = new Set<ReviewGroup | LogGroup>();
  return {
    clock,
    publish: (entries, perSecond, logs) => publisher.publish(entries, perSecond, logs),
    submitReview: (review, perSecond) => publisher.submitReview(review, perSecond),
    reviewGroup: (options, listener) => {
      const parts = { access, shards, topology, clock, tally, log, commands, scripts, logBacklogRecords };
      const group = openReviewGroup(parts, options, listener);
      groups.add(group);
      return group;
    },
    logGroup: (options, listener) => {
      const group = openLogGroup({ commands, scripts, shards, clock, tally, log }, options, listener);
      groups.add(group);
      return group;
    },
    isRefused: (room, perSecond) => publisher.isRefused(room, perSecond),
    follow: (listener) => {
      const follower = openFollower({ access, shards, topology, clock, tally, log }, listener);
      followers.add(follower);
      return follower;
    },
    readRoom: (room, range) => roomReader.read(room, range),
    trim: (retentionMs) => trimShards(scripts, shards, retentionMs),
    measure: () => measureStreams(commands, scripts, shards, clock.nowMs()),
    commands,
    keyOfRoom: (room, what) => `{${shards.of(room).tag}}:${what}`,
    shardOf: (room) => shards.of(room).index,
    notReady: () => [
      ...(clock.ageMs() > awayAfterMs ? ['Redis of the bus does not answer'] : []),
      ...[...followers].flatMap((follower) => follower.notReady()),
    ],
    close: async () => {
      publisher.close();
      await Promise.all([...followers, ...groups].map((part) => part.close()));
      tally.replyAges.delete(clock.ageMs);
      health.close();
      const stopped = clock.stop();
      shared.close();
      await stopped;
    },
  };
}
