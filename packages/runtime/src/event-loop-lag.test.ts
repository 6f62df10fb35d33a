import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { measureEventLoopLag } from './event-loop-lag.ts';
import { openMetrics } from './metrics.ts';

/** The series of a page whose names begin with this. */
async function series(registry: Registry, name: string): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
}

test('a loop that stands still is seen, and the largest lag is told once', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const registry = new Registry();
  let now = 0;
  measureEventLoopLag(registry, () => now);
  for (const passed of [100, 101, 500, 100]) {
    now += passed;
    t.mock.timers.tick(100);
  }
  assert.deepEqual(await series(registry, 'roomstream_event_loop_lag_max_seconds'), [
    'roomstream_event_loop_lag_max_seconds 0.4',
  ]);
  assert.deepEqual(await series(registry, 'roomstream_event_loop_lag_max_seconds'), [
    'roomstream_event_loop_lag_max_seconds 0',
  ]);
  assert.deepEqual(await series(registry, 'roomstream_event_loop_lag_seconds_count'), [
    'roomstream_event_loop_lag_seconds_count 4',
  ]);
  assert.deepEqual(await series(registry, 'roomstream_event_loop_lag_seconds_bucket{le="0.2"}'), [
    'roomstream_event_loop_lag_seconds_bucket{le="0.2"} 3',
  ]);
});

test('there is one measure of it: the library’s own is gone', async () => {
  assert.deepEqual(await series(openMetrics(), 'nodejs_eventloop'), []);
});
