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

test('every series of closed labels is there before anything is counted', async () => {
  const registry = new Registry();
  const meters = openMeters(registry);
  const asked = meters.counterBy('asked_total', 'Asked.', { by: ['a', 'b'], code: [400, 429] });
  const sent = meters.tallyBy('sent_total', 'Sent.', 'kind', ['x', 'y']);
  const page = async () =>
    (await registry.metrics()).split('\n').filter((line) => /^(asked|sent)/.test(line));
  assert.deepEqual(await page(), [
    'asked_total{by="a",code="400"} 0',
    'asked_total{by="a",code="429"} 0',
    'asked_total{by="b",code="400"} 0',
    'asked_total{by="b",code="429"} 0',
    'sent_total{kind="x"} 0',
    'sent_total{kind="y"} 0',
  ]);
  asked.inc({ by: 'b', code: 429 });
  for (let n = 0; n < 2; n++) {
    sent.add('y', 2);
    await page();
  }
  assert.deepEqual((await page()).slice(3), [
    'asked_total{by="b",code="429"} 1',
    'sent_total{kind="x"} 0',
    'sent_total{kind="y"} 4',
  ]);
});
