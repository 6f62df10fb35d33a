import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { Registry } from 'prom-client';
import { busFor, collect, frame, metric, redisFor } from './bus-fixture.ts';

/** A bus that follows a room of the only shard, and another bus. */
async function following(t: TestContext) {
  const redis = await redisFor(t);
  const registry = new Registry();
  const bus = await busFor(t, redis.url, 1, registry);
  const other = await busFor(t, redis.url, 1);
  const room = newId();
  const collector = await collect(bus, room);
  return { registry, bus, other, room, collector };
}

test('a follower whose position was trimmed away says so, and goes on', async (t) => {
  const { registry, other, room, collector } = await following(t);
  await other.publish([frame(room)]);
  await eventually(() => collector.entries.length === 1);
  // In one transaction with what it misses: the follower is cut off, entries come and go.
  const stream = other.keyOfRoom(room, 'room');
  const missed = `F000000000000${room}${newId()}{}`;
  await other.commands
    .multi()
    .call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    .xadd(stream, '*', 'e', missed)
    .xadd(stream, '*', 'e', missed)
    .xtrim(stream, 'MAXLEN', 0)
    .exec();
  await eventually(() => collector.gaps.length === 1);
  assert.deepEqual(collector.gaps[0], { rooms: [room], reason: 'trimmed' });
  const next = frame(room);
  await other.publish([next]);
  await eventually(() => collector.ids().includes(next.id));
  assert.equal(await metric(registry, 'gaps_total', { reason: 'trimmed' }), 1);
});

test('trimming what was delivered is no gap', async (t) => {
  const { other, room, collector } = await following(t);
  for (let i = 0; i < 5; i++) await other.publish([frame(room)]);
  await eventually(() => collector.entries.length === 5);
  await delay(2);
  await other.trim(1);
  assert.equal(await other.commands.xlen(other.keyOfRoom(room, 'room')), 0);
  await other.commands.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await other.publish([frame(room)]);
  await eventually(() => collector.entries.length === 6);
  assert.deepEqual(collector.gaps, []);
});

test('trimming keeps what is younger than the retention', async (t) => {
  const { bus, room } = await following(t);
  await bus.publish([frame(room)]);
  await Promise.all([bus.trim(60_000), bus.trim(60_000)]);
  assert.equal(await bus.commands.xlen(bus.keyOfRoom(room, 'room')), 1);
});

test('a stream that starts over with smaller ids is one gap, and is followed from there', async (t) => {
  const { registry, other, room, collector } = await following(t);
  await other.publish([frame(room)]);
  await eventually(() => collector.entries.length === 1);
  await other.commands
    .multi()
    .flushall()
    .xadd(other.keyOfRoom(room, 'room'), '1000-0', 'e', `F000000000000${room}${newId()}{}`)
    .exec();
  await eventually(() => collector.gaps.length === 1);
  assert.deepEqual(collector.gaps[0], { rooms: [room], reason: 'ids-went-back' });
  for (let i = 0; i < 3; i++) {
    const next = frame(room);
    await other.publish([next]);
    await eventually(() => collector.ids().includes(next.id));
  }
  assert.equal(collector.gaps.length, 1);
  assert.equal(await metric(registry, 'gaps_total', { reason: 'ids-went-back' }), 1);
});

test('entries that a new master lacks are a gap, and what it added meanwhile is received once', async (t) => {
  const { other, room, collector } = await following(t);
  for (let i = 0; i < 10; i++) await other.publish([frame(room)]);
  await eventually(() => collector.entries.length === 10);
  // What a failover does: the last entries are gone, and a clock that is behind gives ids before those delivered.
  const stream = other.keyOfRoom(room, 'room');
  const rows = (await other.commands.xrange(stream, '-', '+')).slice(0, 7);
  const late = newId();
  const transaction = other.commands.multi().del(stream);
  for (const [id, fields] of rows) transaction.xadd(stream, id, ...fields);
  const lastId = rows.at(-1)?.[0] as string;
  transaction.xadd(stream, `${lastId.split('-')[0]}-*`, 'e', `F000000000000${room}${late}{}`);
  await transaction.call('CLIENT', 'KILL', 'TYPE', 'pubsub').exec();
  await eventually(() => collector.ids().includes(late));
  assert.deepEqual(collector.gaps, [{ rooms: [room], reason: 'ids-went-back' }]);
  assert.equal(new Set(collector.ids()).size, collector.entries.length, 'an entry came twice');
  assert.equal(collector.entries.length, 11);
});

test('a subscription that ended without a word is found, and nothing is missed', async (t) => {
  const { registry, bus, room, collector } = await following(t);
  // Added behind the back of the publish script: nothing is pushed.
  const id = newId();
  await bus.commands.xadd(bus.keyOfRoom(room, 'room'), '*', 'e', `F000000000000${room}${id}{}`);
  await eventually(() => collector.ids().includes(id));
  assert.equal(await metric(registry, 'catch_ups_total', { reason: 'silent' }), 1);
  assert.deepEqual(collector.gaps, []);
});
