import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { shareRedis } from '@roomstream/runtime/shared-redis';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import { accessTo, Collector, frame, metric, openTestBus } from './bus-fixture.ts';

let redis: RedisServer;
let one: Bus;
let two: Bus;
const registry = new Registry();

before(async () => {
  redis = await startRedis();
  one = await openTestBus(redis.url, 4, registry);
  two = await openTestBus(redis.url);
});

after(async () => {
  await one.close();
  await two.close();
  await redis.stop();
});

test('two followers receive what two publishers say, each entry once and in the same order', async () => {
  const rooms = [newId(), newId(), newId()];
  const left = new Collector();
  const right = new Collector();
  const followers = [one.follow(left), two.follow(right)];
  for (const follower of followers) await Promise.all(rooms.map((room) => follower.join(room)));
  const published: string[] = [];
  for (let round = 0; round < 50; round++) {
    const entries = rooms.flatMap((room) => [frame(room, `ä${round}`), frame(room)]);
    await Promise.all(
      entries.map(async (entry, i) => {
        const outcome = await (i % 2 === 0 ? one : two).publish([entry]);
        assert.equal(outcome.kind, 'published');
        published.push(entry.id);
      }),
    );
  }
  await eventually(() => left.entries.length >= published.length && right.entries.length >= published.length);
  assert.deepEqual([...left.ids()].sort(), [...published].sort());
  for (const room of rooms) assert.deepEqual(left.ids(room), right.ids(room));
  assert.equal(left.entries.filter((entry) => entry.text === 'ä7').length, 3);
  for (const follower of followers) await follower.close();
});

test('the entry id that a publisher is told is the one that followers see', async () => {
  const room = newId();
  const collector = new Collector();
  const follower = one.follow(collector);
  await follower.join(room);
  const outcome = await one.publish([frame(room)]);
  await eventually(() => collector.entries.length === 1);
  assert.equal(outcome.kind === 'published' && outcome.entryId, collector.entries[0]?.entryId);
  await follower.close();
});

test('an event and its disconnect stand next to each other, whatever others publish', async () => {
  const room = newId();
  const collector = new Collector();
  const follower = one.follow(collector);
  await follower.join(room);
  const noise = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? one : two).publish([frame(room)]));
  const event = frame(room, 'event');
  // The same id twice: kinds tell them apart.
  const disconnect = { ...event, kind: 'disconnect', body: 'bob' } as const;
  await two.publish([event, disconnect]);
  await Promise.all(noise);
  await eventually(() => collector.entries.length === 202);
  const at = collector.entries.findIndex((entry) => entry.text === 'event');
  assert.equal(collector.entries[at + 1]?.kind, 'disconnect');
  assert.equal(collector.entries[at + 1]?.text, 'bob');
  await follower.close();
});

test('what is published after a join has resolved is never missed', async () => {
  for (let round = 0; round < 30; round++) {
    const room = newId();
    const collector = new Collector();
    const follower = two.follow(collector);
    const noise = one.publish([frame(room)]);
    await follower.join(room);
    const entry = frame(room);
    await one.publish([entry]);
    await noise;
    await eventually(() => collector.ids().includes(entry.id));
    await follower.close();
  }
});

test('joining a room of a live shard needs no waiting, and misses nothing either', async () => {
  const collector = new Collector();
  const follower = two.follow(collector);
  const first = newId();
  await follower.join(first);
  let sameShard = newId();
  while (one.keyOfRoom(sameShard, 'x') !== one.keyOfRoom(first, 'x')) sameShard = newId();
  assert.equal(follower.join(sameShard), undefined);
  const entry = frame(sameShard);
  await one.publish([entry]);
  await eventually(() => collector.ids().includes(entry.id));
  await follower.close();
});

test('a room that was joined twice is delivered until it was left twice', async () => {
  const room = newId();
  const collector = new Collector();
  const follower = one.follow(collector);
  await Promise.all([follower.join(room), follower.join(room)]);
  follower.leave(room);
  await one.publish([frame(room)]);
  await eventually(() => collector.entries.length === 1);
  follower.leave(room);
  const foreignBefore = await metric(registry, 'foreign_entries_total');
  await one.publish([frame(room)]);
  await eventually(async () => (await metric(registry, 'foreign_entries_total')) > foreignBefore);
  assert.equal(collector.entries.length, 1);
  await follower.close();
});

test('a process with another number of shards is refused', async () => {
  await assert.rejects(openTestBus(redis.url, 5), /ROOMSTREAM_SHARDS=4/);
});

test('the clock of the bus is that of Redis', async () => {
  const [seconds, microseconds] = (await one.commands.time()).map(Number) as [number, number];
  assert.ok(Math.abs(one.clock.nowMs() - (seconds * 1000 + microseconds / 1000)) < 100);
  assert.deepEqual(one.notReady(), []);
});

test('bus and store of one service share a connection to the same Redis', async () => {
  const log = openLog('test', 'silent');
  const shared = shareRedis(accessTo(redis.url), log, registry);
  const foreign = shareRedis(accessTo(redis.url), log, new Registry());
  assert.equal(shared.client, one.commands);
  assert.notEqual(foreign.client, one.commands);
  shared.close();
  foreign.close();
  assert.equal((await one.publish([frame(newId())])).kind, 'published');
});

test('a malformed entry is a bug and throws', async () => {
  assert.throws(() => one.publish([{ ...frame(newId()), account: '1' }]), /12 characters/);
  assert.throws(() => one.publish([]), /needs an entry/);
  assert.throws(() => one.publish([frame(newId()), frame(newId())]), /of one room/);
});

test('a shard that is only just being joined is no reason against traffic', async () => {
  const follower = two.follow(new Collector());
  const joining = follower.join(newId());
  assert.ok(joining !== undefined);
  assert.deepEqual(two.notReady(), []);
  await joining;
  await follower.close();
});
