import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { RateWindows } from '../src/rate-windows.ts';
import { openRecordsConnection } from '../src/records-connection.ts';
import type { Store } from '../src/store.ts';
import { StoreUnavailable } from '../src/store-unavailable.ts';
import { accessTo, newAccount, openTestStore, silent } from './fixture.ts';

let server: RedisServer;
let stores: readonly [Store, Store, Store];
before(async () => {
  server = await startRedis(durable);
  const open = () => openTestStore(server.url);
  stores = [await open(), await open(), await open()];
});
after(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
});

test('over three processes never more than the limit pass in any second of Redis time, and not fewer than can', async () => {
  const account = newAccount();
  const limit = 20;
  const connections = [1, 2, 3].map(() =>
    openRecordsConnection(accessTo(server.url), silent, new Registry()),
  );
  const endMs = performance.now() + 3_200;
  const grants: { count: number; stamp: number }[] = [];
  await Promise.all(
    connections.map(async (connection, i) => {
      const windows = new RateWindows(connection);
      await connection.ready();
      while (performance.now() < endMs) {
        const { count, stamp } = await windows.take(account, 'SendEvent', limit, 1 + i);
        if (count > 0) grants.push({ count, stamp: Number(stamp) });
        await delay(3);
      }
      await connection.close();
    }),
  );
  for (const { stamp: from } of grants) {
    const within = grants.filter(({ stamp }) => stamp >= from && stamp < from + 1_000_000);
    assert.ok(within.reduce((sum, { count }) => sum + count, 0) <= limit);
  }
  // 3.2 seconds hold the beginnings of three whole ones at least.
  assert.ok(grants.reduce((sum, { count }) => sum + count, 0) >= 3 * limit);
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

test('what is given back can be taken again at once, what was not taken then frees nothing', async () => {
  const account = newAccount();
  const connection = openRecordsConnection(accessTo(server.url), silent, new Registry());
  const windows = new RateWindows(connection);
  await connection.ready();
  const { count, stamp } = await windows.take(account, 'DeleteMessage', 10, 10);
  assert.equal(count, 10);
  await windows.giveBack(account, 'DeleteMessage', `${Number(stamp) - 1}`, 4);
  assert.equal(await stores[0].rates.take(account, 'DeleteMessage', 10), 0);
  await windows.giveBack(account, 'DeleteMessage', stamp, 4);
  assert.equal(await stores[0].rates.take(account, 'DeleteMessage', 10, 10), 4);
  await connection.close();
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

test('without Redis nothing is granted, which is told apart from a used-up rate, and it is granted afterwards', async () => {
  const account = newAccount();
  const [{ rates }] = stores;
  await server.kill();
  await assert.rejects(rates.take(account, 'SendEvent', 5), StoreUnavailable);
  await server.restart();
  await eventually(async () => (await rates.take(account, 'SendEvent', 5)) === 1);
});
