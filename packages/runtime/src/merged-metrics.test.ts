import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { addCounts, type MetricsSnapshot, mergedPage } from './merged-metrics.ts';

/** What a process with these values would show. */
async function snapshotOf(value: number): Promise<MetricsSnapshot> {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'sent_total', help: 'x', labelNames: ['to'], registers }).inc({ to: 'all' }, value);
  new Histogram({ name: 'wait_seconds', help: 'x', buckets: [1, 10], registers }).observe(value);
  new Gauge({ name: 'open', help: 'x', registers }).set(value);
  new Gauge({ name: 'age', help: 'x', aggregator: 'max', registers }).set(value);
  new Gauge({ name: 'lag', help: 'x', aggregator: 'average', registers }).set(value);
  new Gauge({ name: 'begun', help: 'x', aggregator: 'omit', registers }).set(value);
  return registry.getMetricsAsJSON();
}

const textOf = (...snapshots: MetricsSnapshot[]) => mergedPage(() => Promise.resolve(snapshots)).metrics();

test('counters, histograms and most gauges are added; of ages and lags the largest counts, and the first begin', async () => {
  const text = await textOf(await snapshotOf(2), await snapshotOf(5));
  for (const line of [
    'sent_total{to="all"} 7',
    'wait_seconds_bucket{le="1"} 0',
    'wait_seconds_bucket{le="10"} 2',
    'wait_seconds_sum 7',
    'open 7',
    'age 5',
    'lag 5',
    'begun 2',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} is missing:\n${text}`);
  }
});

test('of a process that has ended counters and histograms stay, and gauges go', async () => {
  let departed: MetricsSnapshot = [];
  for (const value of [1, 2, 3]) departed = addCounts(departed, await snapshotOf(value));
  const text = await textOf(departed, await snapshotOf(4));
  for (const line of [
    'sent_total{to="all"} 10',
    'wait_seconds_count 4',
    'wait_seconds_sum 10',
    'open 4',
    'age 4',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} is missing:\n${text}`);
  }
});
