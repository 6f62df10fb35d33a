import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { RedisAccess, RedisClient } from '@roomstream/runtime/redis';
import { type SharedRedis, shareRedis } from '@roomstream/runtime/shared-redis';
import type { Registry } from 'prom-client';
import type { BusListener } from './bus-listener.ts';
import { type Clock, startClock } from './clock.ts';
import type { Entry } from './entry.ts';
import { type Follower, openFollower } from './follower.ts';
import { tallyOf } from './metrics.ts';
import { Publisher } from './publisher.ts';
import type { Published } from './publishing.ts';
import type { Review } from './review.ts';
import {
  openReviewGroup,
  type ReviewGroup,
  type ReviewGroupOptions,
  type ReviewListener,
} from './review-group.ts';
import { defineScripts, type Scripts } from './scripts.ts';
import { checkShardCount, WrongShardCount } from './shard-count.ts';
import { makeShards, type Shards } from './shards.ts';
import { makeTopology } from './topology.ts';
import { trimShards } from './trim.ts';

export type { BusListener } from './bus-listener.ts';
export type { Entry, EntryKind, Received } from './entry.ts';
export type { Follower } from './follower.ts';
export type { GapReason } from './judge.ts';
export type { Published } from './publishing.ts';

/** What a bus is opened with. */
export type BusOptions = {
  readonly access: RedisAccess;
  /** Number of shards; the same in every process. */
  readonly shards: number;
  readonly log: Log;
  readonly registry: Registry;
};

/** The streams that connect all processes. Guarantees: README.md of this package. */
export type Bus = {
  /** The clock of Redis: milliseconds since the epoch. */
  readonly clock: { nowMs(): number };
  /**
   * Entries of one room, published atomically and next to each other. At most `perSecond` publishes of the room pass in
   * any second (undefined or Infinity: no limit). Never rejects; throws on a malformed entry.
   */
  publish(entries: readonly Entry[], perSecond?: number): Promise<Published>;
  /**
   * Hands a message to the workers that review it; it counts for the room's rate like a publish. The messages of one
   * sender reach the room in the order in which they were submitted. `published`: it waits for review. Never rejects.
   */
  submitReview(review: Review, perSecond?: number): Promise<Published>;
  /** Whether a publish of the room at this rate would be refused now, as far as this process knows; free of cost. */
  isRefused(room: string, perSecond: number): boolean;
  follow(listener: BusListener): Follower;
  /** Takes part in reviewing messages; one per worker. */
  reviewGroup(options: ReviewGroupOptions, listener: ReviewListener): ReviewGroup;
  /** One pass over all shards that removes entries older than the retention. Safe from several processes. */
  trim(retentionMs: number): Promise<void>;
  /** For claims and registries on the same Redis. */
  readonly commands: RedisClient;
  /** `{tag}:<what>`: a key on the room's shard. */
  keyOfRoom(room: string, what: string): string;
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
  try {
    const scripts = defineScripts(commands);
    const clock = await startWithRedis(commands, scripts, shards, log);
    return makeBus({ access, log, registry, shared, scripts, shards, clock });
  } catch (error) {
    shared.close();
    throw error;
  }
}

async function startWithRedis(
  commands: RedisClient,
  scripts: Scripts,
  shards: Shards,
  log: Log,
): Promise<Clock> {
  const deadline = performance.now() + startPatienceMs;
  const backoff = new Backoff(20, 500);
  for (;;) {
    try {
      await checkShardCount(commands, shards.all.length);
      return await startClock(scripts, shards.all[0]?.stream ?? '', log);
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
};

function makeBus({ access, log, registry, shared, scripts, shards, clock }: BusParts): Bus {
  const commands = shared.client;
  const tally = tallyOf(registry);
  tally.replyAges.add(clock.ageMs);
  const topology = makeTopology(commands, access);
  const publisher = new Publisher({ scripts, shards, clock, tally, log });
  const followers = new Set<Follower>();
  const groups = new Set<ReviewGroup>();
  return {
    clock,
    publish: (entries, perSecond) => publisher.publish(entries, perSecond),
    submitReview: (review, perSecond) => publisher.submitReview(review, perSecond),
    reviewGroup: (options, listener) => {
      const parts = { access, shards, topology, clock, tally, log, commands, scripts };
      const group = openReviewGroup(parts, options, listener);
      groups.add(group);
      return group;
    },
    isRefused: (room, perSecond) => publisher.isRefused(room, perSecond),
    follow: (listener) => {
      const follower = openFollower({ access, shards, topology, clock, tally, log }, listener);
      followers.add(follower);
      return follower;
    },
    trim: (retentionMs) => trimShards(scripts, shards, retentionMs),
    commands,
    keyOfRoom: (room, what) => `{${shards.of(room).tag}}:${what}`,
    notReady: () => [
      ...(clock.ageMs() > awayAfterMs ? ['Redis of the bus does not answer'] : []),
      ...[...followers].flatMap((follower) => follower.notReady()),
    ],
    close: async () => {
      publisher.close();
      await Promise.all([...followers, ...groups].map((part) => part.close()));
      tally.replyAges.delete(clock.ageMs);
      const stopped = clock.stop();
      shared.close();
      await stopped;
    },
  };
}
