import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { Registry } from '@roomstream/runtime/metrics';
import { connectRedis, type RedisAccess, type RedisClient } from '@roomstream/runtime/redis';
import { Counter } from 'prom-client';
import { defineScripts, type Scripts } from './scripts.ts';
import { StoreUnavailable } from './store-unavailable.ts';

/** The connection to the Redis that keeps records. */
export type RecordsConnection = {
  readonly client: RedisClient;
  readonly scripts: Scripts;
  /**
   * Runs `attempt` until it succeeds, for about 2 seconds, then rejects with StoreUnavailable. An attempt may have run
   * though its reply was lost, so `attempt` must be one that may run twice. Errors that Redis itself answers, other
   * than those of a failover or a start, are bugs or wrong settings and reject at once.
   */
  retry<T>(what: string, attempt: () => Promise<T>): Promise<T>;
  /** Resolves when Redis answers; rejects with StoreUnavailable when it doesn't within 5 seconds. */
  ready(): Promise<void>;
  close(): Promise<void>;
};

/** How long a start waits for Redis. */
const readyWindowMs = 5_000;

/** After this long no new attempt is made. */
const retryWindowMs = 2_000;

/** Answers of a server that starts, fails over or moves slots. */
const passing = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOREPLICAS|UNBLOCKED)\b/;

/** Connects; returns before the connection is up. */
export function openRecordsConnection(access: RedisAccess, log: Log, registry: Registry): RecordsConnection {
  const client = connectRedis(access, 'records', log);
  const failures = failureCounter(registry);
  const retryFor = async <T>(windowMs: number, what: string, attempt: () => Promise<T>): Promise<T> => {
    const deadline = performance.now() + windowMs;
    const backoff = new Backoff(20, 250);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error)) throw error;
        failures.inc();
        if (performance.now() >= deadline) throw new StoreUnavailable(what, error);
      }
      await backoff.pause();
    }
  };
  return {
    client,
    scripts: defineScripts(client),
    retry: (what, attempt) => retryFor(retryWindowMs, what, attempt),
    ready: async () => {
      await retryFor(readyWindowMs, 'start', () => client.ping());
    },
    close: async () => client.disconnect(),
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
