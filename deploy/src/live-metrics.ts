import { openStage, type Stage } from '@roomstream/system-tests/stage';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { type Metric, parseExposition } from './exposition.ts';

/** A metric of a running deployment, and the services that have it. */
export type LiveMetric = { readonly metric: Metric; readonly services: readonly string[] };

/** Starts every service as an operator does, with all that can be switched on. */
export function openEverything(): Promise<Stage> {
  return openStage({
    gateways: 1,
    controlPlanes: 1,
    reviewWorkers: 1,
    logShippers: 1,
    gatewayArgs: ['--processes', '2'],
    env: {
      ROOMSTREAM_CLOUDWATCH_METRICS: 'true',
      // Nothing listens there: what is sent there fails, and no metric depends on it.
      ROOMSTREAM_CLOUDWATCH_LOGS_ENDPOINT: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
  });
}

/** All processes of a stage. */
export function processesOf({ fleet }: Stage): readonly FleetProcess[] {
  return [...fleet.gateways, ...fleet.controlPlanes, ...fleet.reviewWorkers, ...fleet.logShippers];
}

/**
 * What every service shows at `/metrics`, by name; where several have a metric, labels and their values are those of all
 * of them.
 */
export async function liveMetrics(): Promise<ReadonlyMap<string, LiveMetric>> {
  const stage = await openEverything();
  try {
    const found = new Map<string, LiveMetric>();
    for (const { kind, adminUrl } of processesOf(stage)) {
      const page = await (await fetch(`${adminUrl}/metrics`)).text();
      for (const metric of parseExposition(page)) {
        const known = found.get(metric.name);
        found.set(metric.name, {
          metric: known === undefined ? metric : together(known.metric, metric),
          services: [...(known?.services ?? []), kind],
        });
      }
    }
    return found;
  } finally {
    await stage.close();
  }
}

/** Throws when two services declare a metric differently. */
function together(one: Metric, other: Metric): Metric {
  if (one.type !== other.type || one.help !== other.help) {
    throw new Error(`services declare ${one.name} differently: ${one.help} / ${other.help}`);
  }
  const labels = new Map([...one.labels].map(([label, values]) => [label, new Set(values)]));
  for (const [label, values] of other.labels) {
    labels.set(label, new Set([...(labels.get(label) ?? []), ...values]));
  }
  return { ...one, labels, hasSeries: one.hasSeries || other.hasSeries };
}
