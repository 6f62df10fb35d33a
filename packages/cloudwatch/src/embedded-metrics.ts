import { connectionsMetric, guideCounts, usageMetric } from './guide-metrics.ts';
import type { LogEvent } from './log-stream.ts';
import type { PeriodCounts } from './period-counts.ts';

/** Namespaces of the metrics. */
export type Namespaces = {
  /** `AWS/IVSChat` of the guide. */
  readonly chat: string;
  /** `AWS/Usage`. */
  readonly usage: string;
};

type Values = Readonly<Record<string, number>>;
type Dimensions = Readonly<Record<string, string>>;

/**
 * A period as events of the embedded metric format, from which CloudWatch makes the guide's metrics: one event for the
 * metrics without dimensions, one for each value of a dimension, one for the usage metric.
 */
export function embeddedMetrics(
  { beganMs, counts, connections }: PeriodCounts,
  namespaces: Namespaces,
): LogEvent[] {
  const event = (namespace: string, dimensions: Dimensions, values: Values): LogEvent => ({
    timestamp: beganMs,
    message: JSON.stringify({
      _aws: {
        Timestamp: beganMs,
        CloudWatchMetrics: [
          {
            Namespace: namespace,
            Dimensions: [Object.keys(dimensions)],
            Metrics: Object.keys(values).map((Name) => ({ Name, Unit: 'Count' })),
          },
        ],
      },
      ...dimensions,
      ...values,
    }),
  });
  const plain: Record<string, number> = {};
  if (connections !== undefined) plain[connectionsMetric.name] = connections;
  const byDimension = new Map<
    string,
    { readonly dimensions: Dimensions; readonly values: Record<string, number> }
  >();
  for (const { name, by } of guideCounts) {
    for (const [value, count] of counts.get(name) ?? []) {
      if (by === undefined) plain[name] = count;
      else {
        const key = `${by.dimension} ${value}`;
        const found = byDimension.get(key) ?? { dimensions: { [by.dimension]: value }, values: {} };
        found.values[name] = count;
        byDimension.set(key, found);
      }
    }
  }
  return [
    ...(Object.keys(plain).length === 0 ? [] : [event(namespaces.chat, {}, plain)]),
    ...[...byDimension.values()].map(({ dimensions, values }) => event(namespaces.chat, dimensions, values)),
    ...(connections === undefined
      ? []
      : [event(namespaces.usage, usageMetric.dimensions, { [usageMetric.name]: connections })]),
  ];
}
