import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisCluster, startRedisCluster } from '@roomstream/testing/redis-cluster';
import { redisCommand } from '@roomstream/testing/redis-command';
import type { RedisServer } from '@roomstream/testing/redis-server';
import type { Bus } from '../src/bus.ts';
import { slotOf } from '../src/slot.ts';
import { Collector, frame, openTestBus, reviewOf } from './bus-fixture.ts';

let cluster: RedisCluster;
let one: Bus;
let two: Bus;

before(async () => {
  cluster = await startRedisCluster({ hasReplicas: true });
  one = await openTestBus(cluster.url, 12);
  two = await openTestBus(cluster.url, 12);
});

after(async () => {
  await one?.close();
  await two?.close();
  await cluster?.stop();
});

/** Rooms that together use every shard. */
function roomsOfAllShards(): string[] {
  const rooms = new Map<string, string>();
  while (rooms.size < 12) {
    const room = newId();
    rooms.set(one.keyOfRoom(room, ''), room);
  }
  return [...rooms.values()];
}

function slotOfRoom(room: string): number {
  return slotOf(one.keyOfRoom(room, '').slice(1, -2));
}

test('rooms on all masters are followed, each entry once and in one order', async () => {
  const rooms = roomsOfAllShards();
  const left = new Collector();
  const right = new Collector();
  const followers = [one.follow(left), two.follow(right)];
  for (const follower of followers) await Promise.all(rooms.map((room) => follower.join(room)));
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.all(
      rooms.flatMap((room) => [one.publish([frame(room), frame(room)], 1000), two.publish([frame(room)])]),
    );
    assert.ok(outcomes.every(({ kind }) => kind === 'published'));
  }
  const total = rooms.length * 20 * 3;
  await eventually(() => left.entries.length >= total && right.entries.length >= total);
  assert.equal(new Set(left.ids()).size, total);
  for (const room of rooms) assert.deepEqual(left.ids(room), right.ids(room));
  await one.trim(60_000);
  for (const follower of followers) await follower.close();
});

test('the rate of a room holds on a Cluster', async () => {
  const room = newId();
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, i) => (i % 2 ? one : two).publish([frame(room)], 3)),
  );
  assert.equal(outcomes.filter(({ kind }) => kind === 'published').length, 3);
});

test('shards spread evenly over the masters', () => {
  const rooms = roomsOfAllShards();
  const perMaster = [0, 0, 0];
  for (const room of rooms) {
    const master = Math.floor((slotOfRoom(room) * 3) / 16_384);
    perMaster[master] = (perMaster[master] ?? 0) + 1;
  }
  assert.deepEqual(perMaster, [4, 4, 4]);
});

test('a publish whose reply was lost on a Cluster is not added again', async () => {
  const room = newId();
  const outcomes: Promise<unknown>[] = [];
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 10; i++) outcomes.push(one.publish([frame(room)]));
    await new Promise(setImmediate);
    await Promise.all(
      cluster.masters.map(({ port }) =>
        redisCommand(port, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
      ),
    );
    await eventually(async () => (await one.publish([frame(room)])).kind === 'published');
  }
  await Promise.all(outcomes);
  const stream = one.keyOfRoom(room, 'room');
  const rows = await eventually(() => one.commands.xrange(stream, '-', '+'));
  const ids = rows.map(([, fields]) => fields[1]).filter((entry) => entry?.slice(13, 25) === room);
  assert.equal(new Set(ids).size, ids.length, 'an entry stands twice in the stream');
  assert.ok(ids.length >= 110);
});

test('a shard whose slot moves to another master is followed there, and nothing is missed', async (t) => {
  const room = newId();
  const slot = slotOfRoom(room);
  const collector = new Collector();
  const follower = two.follow(collector);
  await follower.join(room);
  const ids: string[] = [];
  let isStopping = false;
  t.after(() => {
    isStopping = true;
  });
  const chatting = (async () => {
    while (!isStopping) {
      const entry = frame(room);
      if ((await one.publish([entry])).kind === 'published') ids.push(entry.id);
    }
  })();
  await eventually(() => collector.entries.length > 10);
  const at = Math.floor((slot * 3) / 16_384);
  const from = cluster.masters[at] as RedisServer;
  const to = cluster.masters[(at + 1) % 3] as RedisServer;
  // The rates of rooms that earlier tests used may share the slot; they expire.
  await eventually(async () => (await redisCommand(from.port, 'CLUSTER', 'COUNTKEYSINSLOT', slot)) === '1');
  const fromId = await redisCommand(from.port, 'CLUSTER', 'MYID');
  const toId = await redisCommand(to.port, 'CLUSTER', 'MYID');
  await redisCommand(to.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await redisCommand(from.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  await redisCommand(from.port, 'MIGRATE', '127.0.0.1', to.port, one.keyOfRoom(room, 'room'), 0, 2000);
  for (const { port } of [to, from]) await redisCommand(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
  const sofar = ids.length;
  await eventually(() => ids.length > sofar + 50, 20_000);
  isStopping = true;
  await chatting;
  await eventually(() => {
    const received = new Set(collector.ids());
    return ids.every((id) => received.has(id));
  }, 20_000);
  assert.equal(new Set(collector.ids()).size, collector.entries.length, 'an entry came twice');
  assert.deepEqual(collector.gaps, []);
  await follower.close();
});

test('messages of rooms on all masters are reviewed, and workers hear of them at once', async () => {
  const rooms = roomsOfAllShards();
  const collector = new Collector();
  const follower = two.follow(collector);
  await Promise.all(rooms.map((room) => follower.join(room)));
  const group = two.reviewGroup(
    { worker: newId(), claimMs: 60_000 },
    {
      capacity: () => 1_000,
      onReview: (review) => {
        const { account, room, id } = review;
        void group.settle(review, { kind: 'frame', account, room, id, body: review.content });
      },
    },
  );
  const sent = Array.from({ length: 20 }, (_, i) => `${i}`);
  for (const content of sent) {
    await Promise.all(rooms.map((room) => one.submitReview(reviewOf(room, 'ann', content), 1000)));
  }
  await eventually(() => collector.entries.length === rooms.length * sent.length);
  for (const room of rooms) {
    const texts = collector.entries.filter((entry) => entry.room === room).map(({ text }) => text);
    assert.deepEqual(texts, sent);
  }
  await group.close();
  await follower.close();
});

test('a master that dies is replaced by its replica, and its shards are followed there', async () => {
  const dying = cluster.masters[2] as RedisServer;
  const rooms = roomsOfAllShards().filter((room) => Math.floor((slotOfRoom(room) * 3) / 16_384) === 2);
  const collector = new Collector();
  const follower = two.follow(collector);
  await Promise.all(rooms.map((room) => follower.join(room)));
  for (const room of rooms) await one.publish([frame(room)]);
  await eventually(() => collector.entries.length === rooms.length);
  await dying.kill();
  for (const room of rooms) {
    const entry = frame(room);
    await eventually(async () => (await one.publish([entry])).kind === 'published', 30_000);
    await eventually(() => collector.ids(room).includes(entry.id), 30_000);
  }
  await eventually(() => two.notReady().length === 0, 15_000);
  assert.equal(new Set(collector.ids()).size, collector.entries.length, 'an entry came twice');
  await follower.close();
});

test('a Cluster remembers the number of shards', async () => {
  await assert.rejects(openTestBus(cluster.url, 13), /ROOMSTREAM_SHARDS=12/);
});
