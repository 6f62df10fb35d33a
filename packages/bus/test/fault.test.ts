import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { redisCommand } from '@roomstream/testing/redis-command';
import { durable } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import { encodeEntry } from '../src/entry.ts';
import { defineScripts } from '../src/scripts.ts';
import { busFor, Collector, collect, frame, metric, redisFor } from './bus-fixture.ts';

/** Publishes to a room until told to stop; returns the ids that were confirmed. */
function chat(bus: Bus, room: string): { stop(): Promise<string[]>; readonly confirmed: string[] } {
  const confirmed: string[] = [];
  let isStopping = false;
  const done = (async () => {
    while (!isStopping) {
      const entry = frame(room);
      const outcome = await bus.publish([entry]);
      if (outcome.kind === 'published') confirmed.push(entry.id);
      await delay(2);
    }
  })();
  return {
    confirmed,
    stop: async () => {
      isStopping = true;
      await done;
      return confirmed;
    },
  };
}

function assertOnceInOneOrder(left: Collector, right: Collector, confirmed: readonly string[]): void {
  assert.equal(new Set(left.ids()).size, left.entries.length, 'an entry came twice');
  assert.deepEqual(left.ids(), right.ids());
  const received = new Set(left.ids());
  assert.deepEqual(
    confirmed.filter((id) => !received.has(id)),
    [],
    'confirmed, but not received',
  );
}

test('everything confirmed is received once and in one order, though Redis is killed and restarted', async (t) => {
  const redis = await redisFor(t, durable);
  const one = await busFor(t, redis.url);
  const two = await busFor(t, redis.url);
  const room = newId();
  const left = await collect(one, room);
  const right = await collect(two, room);
  const chats = [chat(one, room), chat(two, room)];
  for (let kill = 0; kill < 3; kill++) {
    const sofar = chats[0]?.confirmed.length ?? 0;
    await eventually(() => (chats[0]?.confirmed.length ?? 0) > sofar + 50, 20_000);
    await redis.kill();
    await redis.restart();
  }
  const sofar = chats[1]?.confirmed.length ?? 0;
  await eventually(() => (chats[1]?.confirmed.length ?? 0) > sofar + 50, 20_000);
  const confirmed = (await Promise.all(chats.map((each) => each.stop()))).flat();
  await eventually(() => assertOnceInOneOrder(left, right, confirmed), 20_000);
  assert.deepEqual([...left.gaps, ...right.gaps], []);
});

test('a publish whose reply was lost is found in the stream, and not added again', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const bus = await busFor(t, redis.url, 4, registry);
  const other = await busFor(t, redis.url);
  const room = newId();
  const collector = await collect(other, room);
  const outcomes: Promise<unknown>[] = [];
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 10; i++) outcomes.push(bus.publish([frame(room)], 1000));
    // The replies of what was just sent are cut off.
    await new Promise(setImmediate);
    await other.commands.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(() => bus.publish([frame(room)]).then(({ kind }) => kind === 'published'));
  }
  await Promise.all(outcomes);
  assert.ok((await metric(registry, 'publish_retries_total')) > 0, 'nothing was retried');
  const rows = await other.commands.xrange(other.keyOfRoom(room, 'room'), '-', '+');
  const ids = rows.map(([, fields]) => fields[1]?.slice(25, 37));
  assert.equal(new Set(ids).size, ids.length, 'an entry stands twice in the stream');
  await eventually(() => collector.entries.length === ids.length);
});

test('however many publishes are sent again, the stream is walked once for all of them', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const room = newId();
  const entries = Array.from({ length: 2_000 }, () => frame(room));
  await Promise.all(entries.map((entry) => bus.publish([entry])));
  const stream = bus.keyOfRoom(room, 'room');
  const rate = bus.keyOfRoom(room, `rate:${room}`);
  const lost = [...entries.slice(500, 600), ...Array.from({ length: 100 }, () => frame(room))];
  await redisCommand(redis.port, 'CONFIG', 'RESETSTAT');
  const sinceMs = bus.clock.nowMs() - 60_000;
  const replies = await defineScripts(bus.commands).publishEntries(
    [stream, bus.keyOfRoom(room, 'review'), ...lost.map(() => rate)],
    [
      bus.keyOfRoom(room, 'push'),
      bus.keyOfRoom(room, 'review-wake'),
      lost.length,
      ...lost.flatMap((entry) => [0, sinceMs, '', 1, encodeEntry(entry)]),
    ],
  );
  assert.equal(new Set(replies).size, 200);
  assert.equal(await bus.commands.xlen(stream), 2_100);
  const walks = /cmdstat_xrevrange:calls=([0-9]+)/.exec(
    await redisCommand(redis.port, 'INFO', 'commandstats'),
  );
  assert.ok(Number(walks?.[1]) <= 10, `${walks?.[1]} reads`);
});

test('an entry that stands twice in the stream is delivered once', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const bus = await busFor(t, redis.url, 1, registry);
  const room = newId();
  const collector = await collect(bus, room);
  const entry = frame(room);
  await bus.publish([entry]);
  await bus.publish([entry]);
  await bus.publish([frame(room)]);
  await eventually(() => collector.entries.length === 2);
  assert.equal(await metric(registry, 'doubles_dropped_total'), 1);
});

test('a frozen Redis delays, and neither loses, doubles nor hangs', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const one = await busFor(t, redis.url, 4, registry);
  const two = await busFor(t, redis.url);
  const room = newId();
  const left = await collect(one, room);
  const right = await collect(two, room);
  const chats = [chat(one, room), chat(two, room)];
  await eventually(() => left.entries.length > 20);
  redis.freeze();
  const beganMs = performance.now();
  const outcome = await one.publish([frame(room)]);
  assert.equal(outcome.kind, 'unavailable');
  assert.ok(performance.now() - beganMs < 3_000, 'a publish took longer than its patience');
  await eventually(() => one.notReady().length > 0, 15_000);
  assert.ok((await metric(registry, 'last_reply_age_seconds')) > 2);
  // Long enough for every connection to be replaced.
  await eventually(() => performance.now() - beganMs > 5_000);
  redis.thaw();
  const sofar = left.entries.length;
  await eventually(() => left.entries.length > sofar + 50, 20_000);
  const confirmed = (await Promise.all(chats.map((each) => each.stop()))).flat();
  await eventually(() => assertOnceInOneOrder(left, right, confirmed), 20_000);
  assert.deepEqual([...left.gaps, ...right.gaps], []);
  await eventually(() => one.notReady().length === 0, 15_000);
  await eventually(async () => (await metric(registry, 'last_reply_age_seconds')) < 2);
});

test('catching up reads any number of entries, in order, while more are published', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const other = await busFor(t, redis.url, 1);
  const room = newId();
  const left = await collect(bus, room);
  const right = await collect(other, room);
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < 3000; i++) {
    if (i % 1000 === 500)
      sent.push(other.commands.call('CLIENT', 'KILL', 'TYPE', 'pubsub') as Promise<unknown>);
    sent.push(other.publish([frame(room)]));
    if (i % 20 === 0) await new Promise(setImmediate);
  }
  await Promise.all(sent);
  await eventually(() => left.entries.length >= 3000 && right.entries.length >= 3000);
  assert.deepEqual(left.ids(), right.ids());
  assert.equal(new Set(left.ids()).size, 3000);
});

test('a join is rejected when Redis stays away, and works again when it is back', async (t) => {
  const redis = await redisFor(t, durable);
  const bus = await busFor(t, redis.url);
  await redis.kill();
  const collector = new Collector();
  const follower = bus.follow(collector);
  const room = newId();
  await assert.rejects(Promise.resolve(follower.join(room)), /could not be followed/);
  await redis.restart();
  await eventually(() => bus.publish([frame(room)]).then(({ kind }) => kind === 'published'));
  await follower.join(room);
  const entry = frame(room);
  await bus.publish([entry]);
  await eventually(() => collector.ids().includes(entry.id));
});
