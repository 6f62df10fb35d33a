import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { startRedisSentinel } from '@roomstream/testing/redis-sentinel';
import { busFor, collect, frame } from './bus-fixture.ts';

test('behind Sentinel, publishing and following go on at the promoted replica', async (t) => {
  const sentinel = await startRedisSentinel();
  t.after(() => sentinel.stop());
  const one = await busFor(t, sentinel.url);
  const two = await busFor(t, sentinel.url);
  const room = newId();
  const left = await collect(one, room);
  const right = await collect(two, room);
  for (let i = 0; i < 20; i++) await one.publish([frame(room)]);
  await eventually(() => left.entries.length === 20 && right.entries.length === 20);
  await sentinel.master.kill();
  await eventually(async () => (await sentinel.masterPort()) === sentinel.replica.port, 30_000);
  const entry = frame(room);
  await eventually(async () => (await two.publish([entry])).kind === 'published', 30_000);
  await eventually(() => left.ids().includes(entry.id) && right.ids().includes(entry.id), 30_000);
  assert.deepEqual(left.ids(), right.ids());
  assert.equal(new Set(left.ids()).size, left.entries.length);
  await eventually(() => one.notReady().length === 0, 15_000);
});

test('behind Sentinel, a master that freezes with its connections open is left for the promoted replica', async (t) => {
  const sentinel = await startRedisSentinel();
  t.after(() => sentinel.stop());
  const bus = await busFor(t, sentinel.url);
  const room = newId();
  const collector = await collect(bus, room);
  const before = frame(room);
  await bus.publish([before]);
  await eventually(() => collector.ids().includes(before.id));
  sentinel.master.freeze();
  await eventually(async () => (await sentinel.masterPort()) === sentinel.replica.port, 30_000);
  const entry = frame(room);
  await eventually(async () => (await bus.publish([entry])).kind === 'published', 15_000);
  await eventually(() => collector.ids().includes(entry.id), 15_000);
  await eventually(() => bus.notReady().length === 0, 15_000);
  assert.deepEqual(collector.ids(), [before.id, entry.id]);
});
