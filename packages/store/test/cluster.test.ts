import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisCluster, startRedisCluster } from '@roomstream/testing/redis-cluster';
import { durable } from '@roomstream/testing/redis-server';
import { presetQuotas } from '../src/quotas.ts';
import type { Store } from '../src/store.ts';
import { createConfiguration, createRoom, newAccount, openTestStore, roomDraft, silent } from './fixture.ts';

/** Enough accounts that every master has some. */
const accounts = Array.from({ length: 12 }, newAccount);
const uri = 'arn:aws:lambda:us-west-2:000000000000:function:review';

let cluster: RedisCluster;
let store: Store;
before(async () => {
  cluster = await startRedisCluster({ args: durable });
  const quotas = { ...presetQuotas('ivs'), connections: 3, sendMessagePerSecond: 2 };
  store = await openTestStore(cluster.url, { of: () => quotas });
});
after(async () => {
  await store.close();
  await cluster.stop();
});

test('on a Redis Cluster records are written, listed by every filter, and deleted', async () => {
  for (const account of accounts) {
    const configuration = await createConfiguration(store, account);
    const fields = {
      name: 'stage',
      messageReviewHandler: { uri, fallbackResult: 'DENY' as const },
      loggingConfigurationIds: [configuration.id],
    };
    const room = await createRoom(store, account, fields);
    const plain = await createRoom(store, account);
    const all = await store.rooms.list(account, {}, 1);
    assert.deepEqual(all.rooms, [plain]);
    assert.deepEqual((await store.rooms.list(account, {}, 1, all.next)).rooms, [room]);
    const filter = {
      name: 'stage',
      messageReviewHandlerUri: uri,
      loggingConfigurationId: configuration.id,
    };
    assert.deepEqual((await store.rooms.list(account, filter, 50)).rooms, [room]);
    assert.equal((await store.rooms.create(roomDraft(account), 2)).kind, 'quota-exceeded');
    assert.equal(await store.loggingConfigurations.delete(account, configuration.id), 'attached');
    const updated = await store.rooms.update(account, room.id, (r) => ({
      ...r,
      loggingConfigurationIds: [],
    }));
    assert.equal(updated.kind, 'updated');
    assert.equal(await store.loggingConfigurations.delete(account, configuration.id), 'deleted');
    const shipped = await store.loggingConfigurations.forShipping(account, configuration.id);
    assert.deepEqual(shipped, configuration);
    await store.rooms.touch(account, room.id);
    assert.equal(await store.rooms.delete(account, room.id), true);
  }
  const removed = await store.rooms.removeUnused(Date.now() + 60_000, silent);
  assert.deepEqual(removed.map(({ account }) => account).toSorted(), accounts.toSorted());
});

test('on a Redis Cluster rates, permits and slots are counted', async () => {
  const permits = store.sendPermits();
  const slots = store.connectionSlots('gateway');
  const count = async (tries: number, take: () => boolean | Promise<boolean>) => {
    let granted = 0;
    for (let i = 0; i < tries; i++) if (await take()) granted++;
    return granted;
  };
  for (const account of accounts) {
    assert.equal(await store.rates.take(account, 'CreateRoom', 3, 5), 3);
    assert.equal(await count(3, () => permits.take(account)), 2);
    assert.equal(await count(5, () => slots.acquire(account)), 3);
  }
  await permits.close();
  await slots.close();
});

test('when one master is restarted only its accounts wait, and all are served afterwards', async () => {
  const rooms = await Promise.all(accounts.map((account) => createRoom(store, account)));
  await cluster.masters[1]?.restart();
  await eventually(async () => {
    for (const room of rooms) assert.deepEqual(await store.rooms.get(room.account, room.id), room);
  }, 30_000);
});
