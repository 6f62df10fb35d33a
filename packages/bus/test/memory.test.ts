import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { redisCommand } from '@roomstream/testing/redis-command';
import { busFor, collect, frame, logQueue, logsTo, openTestBus, redisFor, Shipper } from './bus-fixture.ts';

test('while the memory of Redis is full a publish is unavailable within a second, nothing is evicted, and it recovers', async (t) => {
  const redis = await redisFor(t, ['--maxmemory-policy', 'noeviction']);
  const bus = await busFor(t, redis.url);
  const room = newId();
  const collector = await collect(bus, room);
  const before = frame(room);
  await bus.publish([before]);
  await redisCommand(redis.port, 'CONFIG', 'SET', 'maxmemory', '1');
  for (let i = 0; i < 20; i++) {
    const startMs = performance.now();
    assert.equal((await bus.publish([frame(room)], 100)).kind, 'unavailable');
    assert.ok(performance.now() - startMs < 1_000, 'a refused publish took longer than a second');
  }
  // Neither reading nor a process that starts needs memory.
  assert.deepEqual(bus.notReady(), []);
  const late = await openTestBus(redis.url);
  await late.close();
  await bus.trim(60_000);
  assert.match(await redisCommand(redis.port, 'INFO', 'stats'), /evicted_keys:0\r/);
  await redisCommand(redis.port, 'CONFIG', 'SET', 'maxmemory', '0');
  const after = frame(room);
  assert.equal((await bus.publish([after], 100)).kind, 'published');
  await eventually(() => collector.ids().includes(after.id));
  assert.deepEqual(collector.ids(), [before.id, after.id]);
});

test('while the memory of Redis is full a shipper that starts takes the shards of one that is dead, and ships what fills it', async (t) => {
  const redis = await redisFor(t, ['--maxmemory-policy', 'noeviction']);
  const bus = await busFor(t, redis.url, 2);
  const [room, configuration] = [newId(), newId()];
  const dead = await busFor(t, redis.url, 2);
  const leaseMs = 1_500;
  const before = new Shipper(dead, leaseMs);
  await eventually(() => before.group.ownedShards() === 2);
  const logged = await bus.publish([frame(room)], undefined, logsTo('block', configuration));
  assert.equal(logged.kind, 'published');
  await redisCommand(redis.port, 'CONFIG', 'SET', 'maxmemory', '1');
  assert.equal((await bus.publish([frame(room)])).kind, 'unavailable');
  dead.commands.disconnect();
  const shipper = new Shipper(bus, leaseMs);
  const lane = await shipper.lane(configuration);
  await eventually(() => shipper.group.ownedShards() === 2);
  assert.equal(await shipper.group.acknowledge(lane, lane.oldestId), 'acknowledged');
  assert.deepEqual(await logQueue(bus, room, configuration), []);
});
