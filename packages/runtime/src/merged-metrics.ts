import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';

/** All series of a registry at one moment; it can be sent to another process. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** What the admin port shows as `/metrics`. */
export type MetricsPage = Pick<Registry, 'metrics' | 'contentType'>;

/**
 * The metrics of several registries as one page. Two services that share a library (the bus) have series of the same
 * names, which one registry refuses; here they are merged.
 */
export function mergedMetrics(registries: readonly Registry[]): MetricsPage {
  return mergedPage(() => Promise.all(registries.map((registry) => registry.getMetricsAsJSON())));
}

/** The snapshots that `read` gives, of services or of processes, as one page. */
export function mergedPage(read: () => Promise<readonly MetricsSnapshot[]>): MetricsPage {
  return {
    contentType: AggregatorRegistry.PROMETHEUS_CONTENT_TYPE,
    metrics: async () => merge(await read()).metrics(),
  };
}

/**
 * The counters and histograms of both, added up: what has to be kept of a process that has ended, since a counter
 * must never go backwards. Gauges of a process end with it.
 */
export function addCounts(one: MetricsSnapshot, other: MetricsSnapshot): MetricsSnapshot {
  const counts = [one, other].map((snapshot) => snapshot.filter(({ type }) => isCount(`${type}`)));
  // Merged metrics hold their values, which the library's types leave out.
  return merge(counts).getMetricsAsArray() as unknown as MetricsSnapshot;
}

const isCount = (type: string) => type === 'counter' || type === 'histogram' || type === 'summary';

/** Counters and histograms are added; gauges are added, or the largest counts, as each declares. */
function merge(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => snapshot.map(asOneProcess)));
}

/**
 * The library averages what would hide the process that hangs: the largest counts. It leaves out when a process began: that
 * of the first one counts, whose page it is.
 */
function asOneProcess(metric: MetricsSnapshot[number]): MetricsSnapshot[number] {
  if (metric.aggregator === 'average') return { ...metric, aggregator: 'max' };
  return metric.aggregator === 'omit' ? { ...metric, aggregator: 'first' } : metric;
}
