import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { Registry } from '@roomstream/runtime/metrics';
import { cannotWrite, type RedisAccess, type RedisClient } from '@roomstream/runtime/redis';
import { openRedisHealth } from '@roomstream/runtime/redis-health';
import { shareRedis } from '@roomstream/runtime/shared-redis';
import { Counter } from 'prom-client';
import { defineScripts, type Scripts } from './scripts.ts';
import { StoreUnavailable } from './store-unavailable.ts';

/** The connection to the Redis that keeps records. */
export type RecordsConnection = {
  readonly client: RedisClient;
  readonly scripts: Scripts;
  /**
   * Runs `attempt` until it succeeds, for about `windowMs` (2 seconds), then rejects with StoreUnavailable; at once when
   * Redis can't write. An attempt may have run though its reply was lost, so `attempt` must be one that may run twice.
   * Other errors that Redis itself answers, than those of a failover or a start, are bugs or wrong settings and reject.
   */
  retry<T>(what: string, attempt: () => Promise<T>, windowMs?: number): Promise<T>;
  /** Resolves when Redis answers; rejects with StoreUnavailable when it doesn't within 5 seconds. */
  ready(): Promise<void>;
  /** Whether Redis has answered within the last seconds. */
  isUp(): boolean;
  close(): Promise<void>;
};

/** How long a start waits for Redis. */
const readyWindowMs = 5_000;

/** Redis is asked for a sign of life this often, and is away when there was none for the longer time. */
const askEveryMs = 1_000;
const awayAfterMs = 4_000;

/** After this long no new attempt is made. */
const retryWindowMs = 2_000;

/** Answers of a server that starts, fails over or moves slots. */
const passing = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOREPLICAS|UNBLOCKED)\b/;

/** Connects; returns before the connection is up. */
export function openRecordsConnection(access: RedisAccess, log: Log, registry: Registry): RecordsConnection {
  const shared = shareRedis(access, log, registry);
  const { client } = shared;
  const failures = failureCounter(registry);
  const retry = async <T>(what: string, attempt: () => Promise<T>, windowMs = retryWindowMs): Promise<T> => {
    const deadline = performance.now() + windowMs;
    const backoff = new Backoff(20, 250);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (cannotWrite(error)) throw new StoreUnavailable(what, error);
        if (!isPassing(error)) throw error;
        failures.inc();
        if (performance.now() >= deadline) throw new StoreUnavailable(what, error);
      }
      await backoff.pause();
    }
  };
  let heardMs = performance.now();
  // A frozen Redis looks connected.
  const isUp = () => client.status === 'ready' && performance.now() - heardMs < awayAfterMs;
  const health = openRedisHealth(registry, 'records', isUp);
  const ask = async () => {
    const askedMs = performance.now();
    await client.ping();
    heardMs = performance.now();
    health.answered(heardMs - askedMs);
  };
  let loop: Loop | undefined;
  return {
    client,
    scripts: defineScripts(client),
    retry,
    ready: async () => {
      await retry('start', ask, readyWindowMs);
      // Not before: a connection that comes up is no outage that a log should tell.
      loop ??= startLoop('asking Redis for a sign of life', askEveryMs, ask, log);
    },
    isUp,
    close: async () => {
      health.close();
      const stopped = loop?.stop();
      shared.close();
      await stopped;
    },
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && (error.name !== 'ReplyError' || passing.test(error.message));
}

/** One counter a registry: several services of one process share it. */
function failureCounter(registry: Registry): Counter {
  const name = 'roomstream_store_attempt_failures_total';
  const existing = registry.getSingleMetric(name);
  if (existing !== undefined) return existing as Counter;
  const help = 'Operations on records, rates and slots that Redis did not answer; most are tried again.';
  return new Counter({ name, help, registers: [registry] });
}
