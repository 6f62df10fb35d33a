import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import type { Store } from '../src/store.ts';
import { newAccount, openTestStore } from './fixture.ts';

let server: RedisServer;
let stores: readonly [Store, Store, Store];
before(async () => {
  server = await startRedis();
  const open = () => openTestStore(server.url);
  stores = [await open(), await open(), await open()];
});
after(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
});

test('over three processes never more than the limit pass in any second, and not fewer than can', async () => {
  const account = newAccount();
  const limit = 20;
  const client = new Redis(server.port);
  const key = `store:{${account}}:rate:SendEvent`;
  const stamps = new Set<string>();
  const endMs = performance.now() + 3_200;
  let granted = 0;
  await Promise.all(
    stores.map(async ({ rates }) => {
      while (performance.now() < endMs) {
        granted += await rates.take(account, 'SendEvent', limit, 3);
        for (const [i, stamp] of (await client.lrange(key, 0, -1)).entries()) stamps.add(`${stamp}/${i}`);
        await delay(5);
      }
    }),
  );
  client.disconnect();
  const times = [...new Set([...stamps].map((stamp) => Number(stamp.split('/')[0])))].toSorted(
    (a, b) => a - b,
  );
  assert.ok(times.length > 0);
  // 3.2 s touch at most four seconds' worth, and hold three whole ones.
  assert.ok(granted <= 4 * limit, `${granted}`);
  assert.ok(granted >= 3 * limit, `${granted}`);
});

test('a burst is granted up to the limit, in one call or many', async () => {
  const account = newAccount();
  const [{ rates }, { rates: others }] = stores;
  assert.equal(await rates.take(account, 'CreateRoom', 5, 3), 3);
  assert.equal(await others.take(account, 'CreateRoom', 5, 3), 2);
  assert.equal(await rates.take(account, 'CreateRoom', 5), 0);
  assert.equal(await rates.take(account, 'GetRoom', 5), 1);
  assert.equal(await rates.take(newAccount(), 'CreateRoom', 5), 1);
});

test('large limits are granted whole', async () => {
  const account = newAccount();
  assert.equal(await stores[0].rates.take(account, 'SendMessage', 25_000, 30_000), 25_000);
});

test('what is given back can be taken again at once', async () => {
  const account = newAccount();
  const [{ rates }, { rates: others }] = stores;
  assert.equal(await rates.take(account, 'DeleteMessage', 10, 10), 10);
  rates.giveBack(account, 'DeleteMessage', 4);
  await eventually(async () => (await others.take(account, 'DeleteMessage', 10, 10)) === 4, 900);
});

test('giving back what was never taken frees nothing', async () => {
  const account = newAccount();
  const [{ rates }, { rates: others }] = stores;
  await others.take(account, 'DeleteMessage', 10, 10);
  rates.giveBack(account, 'DeleteMessage', 4);
  assert.equal(await rates.take(account, 'DeleteMessage', 10), 0);
});

test('an unlimited rate grants all, a rate of zero nothing', async () => {
  const [{ rates }] = stores;
  assert.equal(await rates.take(newAccount(), 'SendEvent', Number.POSITIVE_INFINITY, 7), 7);
  assert.equal(await rates.take(newAccount(), 'SendEvent', 0), 0);
});

test('times ahead of the clock, of a master that is gone, do not block an account', async () => {
  const account = newAccount();
  const client = new Redis(server.port);
  const ahead = `${(Date.now() + 60_000) * 1_000}`;
  await client.rpush(`store:{${account}}:rate:SendEvent`, ahead, ahead);
  client.disconnect();
  assert.equal(await stores[0].rates.take(account, 'SendEvent', 2, 2), 2);
});

test('without Redis nothing is granted, and it is granted again afterwards', async () => {
  const account = newAccount();
  const [{ rates }] = stores;
  await server.kill();
  assert.equal(await rates.take(account, 'SendEvent', 5), 0);
  await server.restart();
  await eventually(async () => (await rates.take(account, 'SendEvent', 5)) === 1);
});
