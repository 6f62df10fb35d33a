import { Histogram, type Registry } from 'prom-client';

/** A histogram for what happens with every message. */
export type TallyHistogram = {
  /** Counts a value, in the unit of the metric, `times` times over. */
  add(value: number, times?: number): void;
};

/** What the library keeps of a histogram without labels: counts by upper bound, each without those below it. */
type Kept = { bucketValues: Record<number, number>; sum: number; count: number };

/**
 * Registers a histogram without labels in which a value costs a few comparisons and additions, however often it counts.
 * The library's own looks its series up by the hash of their labels each time, and knows no weight.
 */
export function openTallyHistogram(
  registry: Registry,
  name: string,
  help: string,
  bounds: readonly number[],
): TallyHistogram {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  new Histogram({
    name,
    help,
    buckets: [...bounds],
    registers: [registry],
    collect() {
      // It has no other way in than one value after the other.
      const [kept] = Object.values((this as unknown as { hashMap: Record<string, Kept> }).hashMap);
      if (kept === undefined) throw new Error(`the metrics library keeps ${name} in another way`);
      for (const [at, bound] of bounds.entries()) kept.bucketValues[bound] = counts[at] ?? 0;
      kept.sum = sum;
      kept.count = counts.reduce((all, count) => all + count, 0);
    },
  });
  return {
    add: (value, times = 1) => {
      let at = 0;
      while (value > (bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
      counts[at] = (counts[at] ?? 0) + times;
      sum += value * times;
    },
  };
}
