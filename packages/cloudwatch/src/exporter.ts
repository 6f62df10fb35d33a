import { randomUUID } from 'node:crypto';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { AwsAccess } from '@roomstream/runtime/aws-access';
import { clientConfig } from '@roomstream/runtime/aws-client';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';
import type { RedisClient } from '@roomstream/runtime/redis';
import { embeddedMetrics, type Namespaces } from './embedded-metrics.ts';
import { hasEventAt, putOrCreate, sendOnce } from './log-stream.ts';
import { readPeriod } from './period-counts.ts';
import { type Claimed, defineScripts } from './scripts.ts';

/** What the export needs. */
export type ExporterOptions = {
  readonly access: AwsAccess;
  readonly logGroup: string;
  readonly namespaces: Namespaces;
  readonly commands: RedisClient;
  readonly periodSeconds: number;
  readonly registry: Registry;
  readonly log: Log;
};

const logStreamName = 'roomstream/metrics';

/** A request that takes longer has failed. */
const mostRequestMs = 8_000;

/** A period is another process's when nobody has settled it after so long: several requests, and time for what was written to be read. */
const claimMs = 25_000;

/** How often periods are looked for. */
const lookEveryMs = 1_000;

/**
 * Sends each period that has ended to CloudWatch Logs, once over all processes that do so: whoever claims it sends it. It is
 * looked for in the log stream first: one whose sender has died, or had no answer, may be there, and so may one that Redis
 * has again after a failover.
 */
export function startExporter(options: ExporterOptions): Loop {
  const { access, logGroup, namespaces, commands, periodSeconds, registry, log } = options;
  const scripts = defineScripts(commands, periodSeconds);
  const client = new CloudWatchLogsClient(clientConfig(access));
  // What makes CloudWatch read the events as metrics.
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amzn-logs-format'] = 'json/emf';
      return next(args);
    },
    { step: 'build', name: 'embeddedMetricFormat' },
  );
  const stream = { logGroupName: logGroup, logStreamName };
  const process = randomUUID();
  const metrics = openExportMetrics(registry);

  const send = async ({ beganSecond, json }: Claimed): Promise<'sent' | 'found'> => {
    const signal = AbortSignal.timeout(mostRequestMs);
    const period = readPeriod(beganSecond, json);
    if (await hasEventAt(client, stream, period.beganMs, signal)) return 'found';
    const events = embeddedMetrics(period, namespaces);
    // Counts that only another version knows.
    if (events.length === 0) return 'sent';
    const rejected = await putOrCreate(client, stream, events, signal, sendOnce);
    if (rejected > 0) log.warn({ period: beganSecond, rejected }, 'CloudWatch Logs refused metrics for good');
    return 'sent';
  };

  const turn = async () => {
    for (;;) {
      const { claimed, waiting, gone } = await scripts.claim(process, claimMs);
      metrics.looked(waiting, gone);
      if (claimed === undefined) return;
      try {
        metrics.ended(await send(claimed));
      } catch (error) {
        metrics.ended('failed');
        throw error;
      }
      await scripts.settle(process, claimed.beganSecond);
    }
  };
  const loop = startLoop('sending metrics to CloudWatch', lookEveryMs, turn, log);
  return {
    stop: async () => {
      await loop.stop();
      client.destroy();
    },
  };
}

function openExportMetrics(registry: Registry) {
  const { counterBy, gauge } = openMeters(registry);
  const periods = counterBy(
    'roomstream_cloudwatch_periods_total',
    'Periods of metrics, by what this control plane did: sent to CloudWatch, found there since another one had sent it, failed to send (it is tried again), or dropped since too many waited.',
    { outcome: ['sent', 'found', 'failed', 'dropped'] },
  );
  let known = 0;
  gauge(
    'roomstream_cloudwatch_waiting_periods',
    'Periods of metrics that have ended and aren’t in CloudWatch.',
    () => known,
    'max',
  );
  return {
    looked: (waiting: number, gone: number) => {
      known = waiting;
      periods.inc({ outcome: 'dropped' }, gone);
    },
    ended: (outcome: 'sent' | 'found' | 'failed') => periods.inc({ outcome }),
  };
}
