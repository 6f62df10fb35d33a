import { boundedLabels } from '@roomstream/runtime/bounded-labels';

/** What the whole fleet has counted in one period. */
export type PeriodCounts = {
  readonly beganMs: number;
  /** Counts by metric and by the value of its dimension, '' where it has none. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Most connections of the period; undefined when no gateway has told any. */
  readonly connections: number | undefined;
};

/** The name of a count in Redis: the metric, and the value of its dimension behind a `|`. */
export function countName(metric: string, value: string): string {
  return `${metric}|${value}`;
}

/** All counts of a period fit one request of PutLogEvents, so that they are written together or not at all. */
const mostValues = 1_500;

/**
 * Reads what the scripts keep of a period: counts, and `connections:<moment>:<process>`. The connections of all processes
 * are added up moment by moment, since one that is updated hands its clients to the next. Throws on anything else.
 */
export function readPeriod(beganSecond: string, json: string): PeriodCounts {
  const items = (JSON.parse(json) as readonly unknown[]).map(String);
  const label = boundedLabels(mostValues);
  const counts = new Map<string, Map<string, number>>();
  const moments = new Map<string, number>();
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [name, number] = [items[at] ?? '', Number(items[at + 1])];
    const [, moment] = /^connections:([0-9]+):/.exec(name) ?? [];
    const [, metric, value] = /^([A-Za-z ]+)\|(.*)$/s.exec(name) ?? [];
    if (moment !== undefined) {
      moments.set(moment, (moments.get(moment) ?? 0) + number);
    } else if (metric !== undefined && value !== undefined) {
      const values = counts.get(metric) ?? new Map<string, number>();
      const bounded = value === '' ? '' : label(value);
      counts.set(metric, values.set(bounded, (values.get(bounded) ?? 0) + number));
    } else {
      throw new Error(`what a period counts is called ${JSON.stringify(name)}, which nobody knows`);
    }
  }
  return {
    beganMs: Number(beganSecond) * 1000,
    counts,
    connections: moments.size === 0 ? undefined : Math.max(...moments.values()),
  };
}
