import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { openTallyHistogram, type TallyHistogram } from './tally-histogram.ts';

/** What makes the series of one registry, as a service's metrics.ts declares them. */
export function openMeters(registry: Registry) {
  const registers = [registry];
  return {
    /** A counter without labels, or with labels from bounded sets: a series begins when it is first counted. */
    counter: <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
      new Counter<L>({ name, help, labelNames, registers }),
    /** A counter with labels from closed sets: every series is there from the start, so that its first rise is seen as one. */
    counterBy: <L extends string>(
      name: string,
      help: string,
      labels: Readonly<Record<L, readonly (string | number)[]>>,
    ): Counter<L> => {
      const counter = new Counter<L>({ name, help, labelNames: Object.keys(labels) as L[], registers });
      for (const combination of combinations(labels)) counter.inc(combination, 0);
      return counter;
    },
    /** A counter for what happens with every message: adding costs an addition. It is brought up to date when it is read. */
    tally: (name: string, help: string): { add(count: number): void } => {
      let added = 0;
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.inc(added);
          added = 0;
        },
      });
      return {
        add: (count) => {
          added += count;
        },
      };
    },
    /** The same with a label from a closed set. */
    tallyBy: <K extends string>(
      name: string,
      help: string,
      label: string,
      keys: readonly K[],
    ): { add(key: K, count: number): void } => {
      const added = new Map<K, number>(keys.map((key) => [key, 0]));
      new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          for (const [key, count] of added) {
            this.inc({ [label]: key }, count);
            added.set(key, 0);
          }
        },
      });
      return { add: (key, count) => void added.set(key, (added.get(key) ?? 0) + count) };
    },
    /** A histogram without labels; `buckets` are upper bounds. */
    histogram: (name: string, help: string, buckets: number[]): Histogram =>
      new Histogram({ name, help, buckets, registers }),
    /** A histogram without labels for what happens with every message. */
    tallyHistogram: (name: string, help: string, bounds: readonly number[]): TallyHistogram =>
      openTallyHistogram(registry, name, help, bounds),
    /** A gauge that is read when it is collected. `aggregator`: what becomes of the values of several services in one process. */
    gauge: (name: string, help: string, read: () => number, aggregator: 'sum' | 'max' = 'sum'): Gauge =>
      new Gauge({
        name,
        help,
        registers,
        aggregator,
        collect() {
          this.set(read());
        },
      }),
    /** A gauge with a label from a closed set, which is set. */
    gaugeBy: <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
      new Gauge<L>({ name, help, labelNames, registers }),
  };
}

/** Every choice of one value for each label. */
function combinations<L extends string>(
  labels: Readonly<Record<L, readonly (string | number)[]>>,
): Partial<Record<L, string | number>>[] {
  let found: Partial<Record<L, string | number>>[] = [{}];
  for (const label of Object.keys(labels) as L[]) {
    found = found.flatMap((begun) => labels[label].map((value) => ({ ...begun, [label]: value })));
  }
  return found;
}
