import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { mergedMetrics } from './merged-metrics.ts';
import { openRedisHealth } from './redis-health.ts';

const upIn = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith('roomstream_redis_up{'));

test('a Redis is up while it answers everybody who asks it, and is shown no more when nobody does', async () => {
  const registry = new Registry();
  let answers = true;
  const bus = openRedisHealth(registry, 'bus', () => true);
  const records = openRedisHealth(registry, 'records', () => true);
  const other = openRedisHealth(registry, 'records', () => answers);
  bus.answered(3);
  assert.deepEqual(await upIn(registry), [
    'roomstream_redis_up{redis="bus"} 1',
    'roomstream_redis_up{redis="records"} 1',
  ]);
  answers = false;
  assert.deepEqual(await upIn(registry), [
    'roomstream_redis_up{redis="bus"} 1',
    'roomstream_redis_up{redis="records"} 0',
  ]);
  records.close();
  other.close();
  assert.deepEqual(await upIn(registry), ['roomstream_redis_up{redis="bus"} 1']);
  assert.match(
    await registry.metrics(),
    /^roomstream_redis_round_trip_seconds_bucket\{le="0.0025",redis="bus"\} 0$/m,
  );
  assert.match(
    await registry.metrics(),
    /^roomstream_redis_round_trip_seconds_bucket\{le="0.005",redis="bus"\} 1$/m,
  );
});

test('of several processes on one page, one that Redis does not answer is enough', async () => {
  const registries = [true, false].map((answers) => {
    const registry = new Registry();
    openRedisHealth(registry, 'bus', () => answers);
    return registry;
  });
  assert.match(await mergedMetrics(registries).metrics(), /^roomstream_redis_up\{redis="bus"\} 0$/m);
});
