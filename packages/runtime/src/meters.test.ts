import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { openMeters } from './meters.ts';

test('counters count by label, and gauges are read when they are collected', async () => {
  const registry = new Registry();
  const meters = openMeters(registry);
  let value = 1;
  const seen = meters.counter('seen_total', 'Seen.', 'kind');
  meters.gauge('level', 'Level.', () => value);
  seen.inc({ kind: 'a' }, 2);
  value = 7;
  const page = await registry.metrics();
  assert.match(page, /^seen_total\{kind="a"\} 2$/m);
  assert.match(page, /^level 7$/m);
});

test('a gauge says what becomes of it when services share a process: sums unless told otherwise', async () => {
  const registry = new Registry();
  const meters = openMeters(registry);
  meters.gauge('some', 'Some.', () => 1);
  meters.gauge('oldest', 'Oldest.', () => 1, 'max');
  const series = await registry.getMetricsAsJSON();
  assert.deepEqual(
    series.map(({ aggregator }) => aggregator),
    ['sum', 'max'],
  );
});
