import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { mergedPage } from './merged-metrics.ts';
import { openTallyHistogram } from './tally-histogram.ts';

const bounds = [0.01, 0.1, 1];
const values = [0, 0.01, 0.011, 0.1, 0.5, 1, 7];

/** What the library shows of a histogram with these values. */
async function librarysPage(observed: readonly number[]): Promise<string> {
  const registry = new Registry();
  const histogram = new Histogram({
    name: 'age_seconds',
    help: 'Age.',
    buckets: bounds,
    registers: [registry],
  });
  for (const value of observed) histogram.observe(value);
  return registry.metrics();
}

test('a tallied histogram shows what the library’s own shows', async () => {
  const registry = new Registry();
  const tallied = openTallyHistogram(registry, 'age_seconds', 'Age.', bounds);
  assert.equal(await registry.metrics(), await librarysPage([]));
  for (const value of values) tallied.add(value);
  assert.equal(await registry.metrics(), await librarysPage(values));
  for (const value of values) tallied.add(value);
  assert.equal(await registry.metrics(), await librarysPage([...values, ...values]));
});

test('a value counts as often as it is told to', async () => {
  const registry = new Registry();
  openTallyHistogram(registry, 'age_seconds', 'Age.', bounds).add(0.5, 3);
  assert.equal(await registry.metrics(), await librarysPage([0.5, 0.5, 0.5]));
});

test('tallied histograms of several processes are added up', async () => {
  const snapshots = await Promise.all(
    [0.05, 5].map((value) => {
      const registry = new Registry();
      openTallyHistogram(registry, 'age_seconds', 'Age.', bounds).add(value);
      return registry.getMetricsAsJSON();
    }),
  );
  const text = await mergedPage(() => Promise.resolve(snapshots)).metrics();
  for (const line of ['age_seconds_bucket{le="0.1"} 1', 'age_seconds_count 2', 'age_seconds_sum 5.05']) {
    assert.ok(text.includes(`${line}\n`), `${line} is missing:\n${text}`);
  }
});
