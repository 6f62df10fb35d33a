import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { type MoveSteps, moveSlot } from '@roomstream/testing/move-slot';
import { type RedisCluster, startRedisCluster } from '@roomstream/testing/redis-cluster';
import type { RedisServer } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { Bus, Published } from '../src/bus.ts';
import { slotOf } from '../src/slot.ts';
import { Collector, frame, metric, openTestBus } from './bus-fixture.ts';

// While a slot moves, its keys are on two masters: what names several keys gets TRYAGAIN, what names one gets ASK, and
// pushes come from where the publish ran, which may not be where the subscription is.

const shards = 12;
const registry = new Registry();
let cluster: RedisCluster;
let one: Bus;
let two: Bus;

before(async () => {
  cluster = await startRedisCluster();
  one = await openTestBus(cluster.url, shards, registry);
  two = await openTestBus(cluster.url, shards);
});

after(async () => {
  await one?.close();
  await two?.close();
  await cluster?.stop();
});

/** A room on a shard that no other test moves. */
const used = new Set<string>();
function roomOfOwnShard(): { room: string; slot: number; from: RedisServer; to: RedisServer } {
  for (;;) {
    const room = newId();
    const tag = one.keyOfRoom(room, '').slice(1, -2);
    if (used.has(tag)) continue;
    used.add(tag);
    const slot = slotOf(tag);
    const at = Math.floor((slot * 3) / 16_384);
    const [from, to] = [cluster.masters[at], cluster.masters[(at + 1) % 3]];
    assert.ok(from !== undefined && to !== undefined);
    return { room, slot, from, to };
  }
}

/**
 * Publishes all the time over both buses while the slot moves; then everything must have come everywhere, once and in
 * one order. `perSecond`: with a rate publishes name a second key.
 */
async function withstands(
  t: TestContext,
  steps: MoveSteps,
  perSecond?: number,
): Promise<Published['kind'][]> {
  const { room, slot, from, to } = roomOfOwnShard();
  const left = new Collector();
  const right = new Collector();
  const followers = [one.follow(left), two.follow(right)];
  for (const follower of followers) await follower.join(room);
  const published: string[] = [];
  const outcomes: Published['kind'][] = [];
  let longestMs = 0;
  let isStopping = false;
  t.after(() => {
    isStopping = true;
  });
  const chat = async (bus: Bus) => {
    while (!isStopping) {
      const entry = frame(room);
      const askedMs = performance.now();
      const { kind } = await bus.publish([entry], perSecond);
      longestMs = Math.max(longestMs, performance.now() - askedMs);
      outcomes.push(kind);
      if (kind === 'published') published.push(entry.id);
      await delay(2);
    }
  };
  const chatting = Promise.all([chat(one), chat(two)]);
  await eventually(() => left.entries.length > 10);
  await moveSlot(slot, from, to, steps);
  const sofar = published.length;
  await eventually(() => published.length > sofar + 50, 20_000);
  isStopping = true;
  await chatting;
  await eventually(() => {
    for (const collector of [left, right]) {
      const ids = new Set(collector.ids());
      assert.ok(published.every((id) => ids.has(id)));
    }
  }, 20_000);
  const ids = left.ids();
  assert.equal(new Set(ids).size, ids.length, 'an entry came twice');
  assert.deepEqual(right.ids(), ids, 'two followers saw different entries');
  assert.deepEqual([...left.gaps, ...right.gaps], []);
  const rows = await eventually(() => one.commands.xrange(one.keyOfRoom(room, 'room'), '-', '+'));
  const inStream = rows.map(([, fields]) => fields[1]?.slice(25, 37));
  assert.deepEqual(
    ids,
    inStream.filter((id, at) => inStream.indexOf(id) === at),
    'not the order of the stream',
  );
  t.diagnostic(
    `${published.length} published, ${outcomes.length - published.length} not; longest wait ${Math.round(longestMs)} ms; ${inStream.length - ids.length} stand twice in the stream`,
  );
  for (const follower of followers) await follower.close();
  return outcomes;
}

test('a slot that moves at once: all comes, once and in one order', async (t) => {
  await withstands(t, {});
  await withstands(t, {}, 1000);
});

test('a slot whose move takes a second at each step: all comes, once and in one order', async (t) => {
  await withstands(t, { begun: () => delay(1_000), moved: () => delay(1_000) });
});

test('a slot whose move stands still for longer than a publish waits: who publishes is told, nothing else happens', async (t) => {
  const outcomes = await withstands(t, { begun: () => delay(4_000), moved: () => delay(4_000) }, 1000);
  assert.ok(
    outcomes.every((kind) => kind === 'published' || kind === 'unavailable' || kind === 'rate-exceeded'),
  );
  assert.equal(await metric(registry, 'gaps_total', { reason: 'trimmed' }), 0);
});

test('the publishes of one sender keep their order while a slot moves', async (t) => {
  const { room, slot, from, to } = roomOfOwnShard();
  const collector = new Collector();
  const follower = two.follow(collector);
  await follower.join(room);
  const sentMs = new Map<string, number>();
  const outcomes: Promise<Published>[] = [];
  const timer = setInterval(() => {
    const entry = frame(room);
    sentMs.set(entry.id, performance.now());
    outcomes.push(one.publish([entry], 1000));
  }, 5);
  t.after(() => clearInterval(timer));
  await eventually(() => collector.entries.length > 10);
  await moveSlot(slot, from, to, { begun: () => delay(500), moved: () => delay(500) });
  const sofar = sentMs.size;
  await eventually(() => collector.entries.length > sofar + 20, 20_000);
  clearInterval(timer);
  assert.ok((await Promise.all(outcomes)).every(({ kind }) => kind === 'published'));
  await eventually(() => collector.entries.length === sentMs.size, 20_000);
  let latestMs = 0;
  let overtakenMs = 0;
  for (const id of collector.ids()) {
    const atMs = sentMs.get(id) ?? 0;
    overtakenMs = Math.max(overtakenMs, latestMs - atMs);
    latestMs = Math.max(latestMs, atMs);
  }
  t.diagnostic(`${sentMs.size} sent; the most overtaken by one that was sent ${overtakenMs} ms later`);
  // What is under way together at the very moment may be overtaken; what waits to be sent again may not. Where this
  // process itself was held up, which the gaps between its sends show, that moment is longer.
  const times = [...sentMs.values()];
  const heldUpMs = Math.max(...times.map((ms, i) => ms - (times[i - 1] ?? ms)));
  assert.ok(overtakenMs < 50 + heldUpMs, `${overtakenMs} ms; held up for ${heldUpMs} ms`);
  await follower.close();
});

test('a process that starts while a slot moves can’t follow it then, says so, and can afterwards', async (t) => {
  const { room, slot, from, to } = roomOfOwnShard();
  await one.publish([frame(room)], 1000);
  const collector = new Collector();
  const three = await moveSlot(slot, from, to, {
    moved: async () => {
      const bus = await openTestBus(cluster.url, shards);
      t.after(() => bus.close());
      await assert.rejects(
        async () => bus.follow(new Collector()).join(room),
        /could not be followed in time/,
      );
      return bus;
    },
  });
  assert.ok(three !== undefined);
  await three.follow(collector).join(room);
  const entry = frame(room);
  assert.equal((await three.publish([entry], 1000)).kind, 'published');
  await eventually(() => assert.deepEqual(collector.ids(), [entry.id]));
});
