import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import { frame, metric, openTestBus } from './bus-fixture.ts';

let redis: RedisServer;
let buses: Bus[];
const registry = new Registry();

before(async () => {
  redis = await startRedis();
  buses = await Promise.all([
    openTestBus(redis.url, 4, registry),
    openTestBus(redis.url),
    openTestBus(redis.url),
  ]);
});

after(async () => {
  for (const bus of buses) await bus.close();
  await redis.stop();
});

/** Stream times (milliseconds) of all that one room's publishes got through from three flooding publishers. */
async function flood(perSecond: number, forMs: number): Promise<number[]> {
  const room = newId();
  const times: number[] = [];
  const end = performance.now() + forMs;
  await Promise.all(
    buses.map(async (bus) => {
      while (performance.now() < end) {
        const outcome = await bus.publish([frame(room)], perSecond);
        if (outcome.kind === 'published') times.push(Number(outcome.entryId.split('-')[0]));
        else assert.equal(outcome.kind, 'rate-exceeded');
        await delay(1);
      }
    }),
  );
  return times.sort((a, b) => a - b);
}

test('never more than 10 of a flooded room pass in any second, and not fewer than 9 on average', async () => {
  const forMs = 4_000;
  const times = await flood(10, forMs);
  for (let i = 10; i < times.length; i++) {
    const spanMs = (times[i] as number) - (times[i - 10] as number);
    assert.ok(spanMs >= 1000, `11 entries within ${spanMs} ms`);
  }
  assert.ok(times.length >= (9 * forMs) / 1000, `${times.length} in ${forMs} ms`);
});

test('a flooded room costs hardly a command', async () => {
  const { refusedLocally, refusedByRedis } = {
    refusedLocally: await metric(registry, 'rate_refusals_total', { by: 'local' }),
    refusedByRedis: await metric(registry, 'rate_refusals_total', { by: 'redis' }),
  };
  assert.ok(refusedLocally > 10 * refusedByRedis, `${refusedLocally} locally, ${refusedByRedis} by Redis`);
});

test('publishes of one turn are counted one by one', async () => {
  const room = newId();
  const [bus] = buses as [Bus];
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => bus.publish([frame(room)], 5)));
  assert.equal(outcomes.filter(({ kind }) => kind === 'published').length, 5);
  assert.equal(outcomes.filter(({ kind }) => kind === 'rate-exceeded').length, 3);
});

test('a rate counts publishes, not entries, and a room without one is never refused', async () => {
  const [bus] = buses as [Bus];
  const limited = newId();
  assert.equal((await bus.publish([frame(limited), frame(limited), frame(limited)], 1)).kind, 'published');
  assert.equal((await bus.publish([frame(limited)], 1)).kind, 'rate-exceeded');
  const free = newId();
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, () => bus.publish([frame(free)], Number.POSITIVE_INFINITY)),
  );
  assert.ok(outcomes.every(({ kind }) => kind === 'published'));
});

test('a raised rate counts at once, though the room was refused a moment ago', async () => {
  const [bus] = buses as [Bus];
  const room = newId();
  await bus.publish([frame(room)], 1);
  assert.equal((await bus.publish([frame(room)], 1)).kind, 'rate-exceeded');
  assert.equal((await bus.publish([frame(room)], 2)).kind, 'published');
  assert.equal((await bus.publish([frame(room)], 2)).kind, 'rate-exceeded');
});

test('what is refused says when one more fits', async () => {
  const [bus] = buses as [Bus];
  const room = newId();
  await bus.publish([frame(room)], 1);
  const refused = await bus.publish([frame(room)], 1);
  assert.ok(refused.kind === 'rate-exceeded' && refused.retryAfterMs > 0 && refused.retryAfterMs <= 1000);
  await delay(refused.retryAfterMs + 20);
  assert.equal((await bus.publish([frame(room)], 1)).kind, 'published');
});

test('times of a clock that was ahead refuse a room for a second at most', async () => {
  const [bus] = buses as [Bus];
  const room = newId();
  await bus.publish([frame(room)], 1);
  const ahead = `${(Date.now() + 60_000) * 1000}`;
  await bus.commands.rpush(bus.keyOfRoom(room, `rate:${room}`), ahead);
  const refused = await (buses[1] as Bus).publish([frame(room)], 1);
  assert.ok(refused.kind === 'rate-exceeded' && refused.retryAfterMs <= 1000);
});
