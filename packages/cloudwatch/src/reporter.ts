import { randomUUID } from 'node:crypto';
import type { Log } from '@roomstream/runtime/log';
import { startLoop } from '@roomstream/runtime/loop';
import type { Registry } from '@roomstream/runtime/metrics';
import type { RedisClient } from '@roomstream/runtime/redis';
import { connectionsMetric, guideCounts } from './guide-metrics.ts';
import { countName } from './period-counts.ts';
import { type Counts, defineScripts } from './scripts.ts';

/** What reports need. */
export type ReporterOptions = {
  /** The service's metrics: what the guide counts is read there. */
  readonly registry: Registry;
  readonly commands: RedisClient;
  readonly periodSeconds: number;
  readonly log: Log;
};

/** Tells Redis what a service counts. */
export type Reporter = {
  /** Tells the rest, and no more. */
  close(): Promise<void>;
};

/**
 * Starts to report what the service counts of the guide's metrics, six times in a period: what was counted since the last
 * report, and how many connections are open. While Redis is away it waits in the counters themselves.
 */
export function startReporter(options: ReporterOptions): Reporter {
  const { registry, commands, periodSeconds, log } = options;
  const scripts = defineScripts(commands, periodSeconds);
  const process = randomUUID();
  let reported: Counts = new Map();
  let number = 0;
  /** A report whose reply hasn't come: it may be in Redis, so it is sent again as it was. */
  let pending: { readonly totals: Counts; readonly increments: Counts } | undefined;
  const send = async () => {
    if (pending === undefined) {
      const totals = await totalsOf(registry);
      pending = { totals, increments: increments(reported, totals) };
      number++;
    }
    await scripts.report(process, number, await connectionsOf(registry), pending.increments);
    reported = pending.totals;
    pending = undefined;
  };
  const loop = startLoop('reporting the metrics for CloudWatch', (periodSeconds * 1000) / 6, send, log);
  return {
    close: async () => {
      await loop.stop();
      try {
        if (pending !== undefined) await send();
        await send();
      } catch (err) {
        log.warn({ err }, 'the last counts for CloudWatch could not be reported');
      }
    },
  };
}

/** What has grown, and by how much. Metrics without dimensions are told even when they haven't: then there were none. */
export function increments(before: Counts, now: Counts): Counts {
  const grown = new Map<string, number>();
  for (const [name, total] of now) {
    const count = total - (before.get(name) ?? 0);
    if (count > 0 || name.endsWith('|')) grown.set(name, count);
  }
  return grown;
}

async function totalsOf(registry: Registry): Promise<Counts> {
  const totals = new Map<string, number>();
  for (const { name, series, by } of guideCounts) {
    const found = await registry.getSingleMetric(series)?.get();
    for (const { labels, value } of found?.values ?? []) {
      const key = countName(name, by === undefined ? '' : `${labels[by.label] ?? ''}`);
      totals.set(key, (totals.get(key) ?? 0) + value);
    }
  }
  return totals;
}

async function connectionsOf(registry: Registry): Promise<number | undefined> {
  const found = await registry.getSingleMetric(connectionsMetric.series)?.get();
  return found?.values[0]?.value;
}
