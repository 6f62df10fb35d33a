import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { durable } from '@roomstream/testing/redis-server';
import type { Received } from '../src/entry.ts';
import { formatPosition } from '../src/position.ts';
import { busFor, Collector, frame, redisFor } from './bus-fixture.ts';

test('a room has a standing once it is joined: the last entry of its shard, whoever’s, and the same object until another comes', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const [room, other] = [newId(), newId()];
  await bus.publish([frame(other)]);
  const follower = bus.follow(new Collector());
  assert.equal(follower.standingOf(room), undefined);
  const joining = follower.join(room);
  assert.equal(follower.standingOf(room), undefined);
  await joining;
  const first = follower.standingOf(room) ?? assert.fail('no standing');
  assert.equal(first.added, 1);
  assert.equal(follower.standingOf(room), first);
  assert.equal(follower.standingOf(other), undefined);
  const entry = frame(other);
  const published = await bus.publish([entry]);
  await eventually(() => assert.notEqual(follower.standingOf(room), first));
  const second = follower.standingOf(room) ?? assert.fail('no standing');
  assert.equal(published.kind === 'published' && published.entryId, formatPosition(second.position));
  assert.deepEqual([second.added, second.identity], [2, `F${entry.account}${other}${entry.id}`]);
  follower.leave(room);
  assert.equal(follower.standingOf(room), undefined);
});

test('while an entry is handed out, the standing is that entry', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const room = newId();
  const seen: { readonly entry: Received; readonly standing: unknown }[] = [];
  const follower = bus.follow({
    onEntry: (entry) => seen.push({ entry, standing: follower.standingOf(room) }),
    onGap: () => undefined,
  });
  await follower.join(room);
  // Two of one push, whose neighbours are of another room.
  const entries = [frame(newId()), frame(room), frame(newId()), frame(room), frame(newId())];
  await Promise.all(entries.map((entry) => bus.publish([entry])));
  await eventually(() => seen.length === 2);
  for (const [i, { entry, standing }] of seen.entries()) {
    const [ms, seq] = entry.entryId.split('-').map(Number);
    const identity = `F${entry.account}${room}${entry.id}`;
    assert.deepEqual(standing, { position: { ms, seq }, added: 2 + 2 * i, identity });
  }
});

test('while Redis is away a room stands where it stood, and goes on from there', async (t) => {
  const redis = await redisFor(t, durable);
  const bus = await busFor(t, redis.url, 1);
  const room = newId();
  const collector = new Collector();
  const follower = bus.follow(collector);
  await follower.join(room);
  await bus.publish([frame(room)]);
  await eventually(() => collector.entries.length === 1);
  const before = follower.standingOf(room);
  assert.equal(before?.added, 1);
  await redis.kill();
  await eventually(() => bus.commands.status !== 'ready');
  assert.deepEqual(follower.standingOf(room), before);
  await redis.restart();
  await eventually(async () => (await bus.publish([frame(room)])).kind === 'published', 20_000);
  await eventually(() => collector.entries.length >= 2);
  await eventually(() => assert.equal(follower.standingOf(room)?.added, collector.entries.length));
});
