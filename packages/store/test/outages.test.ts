import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { startProxy } from '@roomstream/testing/proxy';
import { redisCommand } from '@roomstream/testing/redis-command';
import { durable, startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import { presetQuotas } from '../src/quotas.ts';
import { openStore, type Store } from '../src/store.ts';
import { StoreUnavailable } from '../src/store-unavailable.ts';
import {
  accessTo,
  createConfiguration,
  createRoom,
  newAccount,
  openTestStore,
  roomDraft,
  silent,
} from './fixture.ts';

const server = await startRedis(durable);
const store = await openTestStore(server.url);
after(async () => {
  await store.close();
  await server.stop();
});

/**
 * Runs an operation whose write is done in Redis, but whose reply never arrives: replies come late, and the connection
 * is cut as soon as `isWritten`.
 */
async function losingReply<T>(
  isWritten: () => Promise<boolean>,
  run: (far: Store) => Promise<T>,
): Promise<T> {
  const proxy = await startProxy({ port: server.port });
  const far = await openTestStore(`redis://127.0.0.1:${proxy.port}`);
  try {
    proxy.delay(200);
    const running = run(far);
    await eventually(isWritten);
    proxy.cut();
    proxy.heal();
    return await running;
  } finally {
    await far.close();
    await proxy.close();
  }
}

test('a create whose reply was lost is neither reported as failed nor done twice', async () => {
  const account = newAccount();
  await createRoom(store, account);
  const draft = roomDraft(account);
  const isWritten = async () => (await store.rooms.get(account, draft.id)) !== undefined;
  const created = await losingReply(isWritten, (far) => far.rooms.create(draft, 2));
  assert.ok(created.kind === 'created');
  const { rooms } = await store.rooms.list(account, {}, 50);
  assert.equal(rooms.length, 2);
  assert.deepEqual(rooms[0], created.room);
});

test('an update whose reply was lost is done once', async () => {
  const account = newAccount();
  const { id } = await createRoom(store, account, { tags: { count: '0' } });
  const isWritten = async () => (await store.rooms.get(account, id))?.tags['count'] !== '0';
  const updated = await losingReply(isWritten, (far) =>
    far.rooms.update(account, id, (room) => ({
      ...room,
      tags: { count: `${Number(room.tags['count']) + 1}` },
    })),
  );
  assert.ok(updated.kind === 'updated');
  assert.deepEqual(updated.room.tags, { count: '1' });
  assert.deepEqual(await store.rooms.get(account, id), updated.room);
});

test('a deletion whose reply was lost is reported as done', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  const roomIsGone = async () => (await store.rooms.get(account, room.id)) === undefined;
  assert.equal(await losingReply(roomIsGone, (far) => far.rooms.delete(account, room.id)), true);
  const { id } = await createConfiguration(store, account);
  const configurationIsGone = async () => (await store.loggingConfigurations.get(account, id)) === undefined;
  const deleted = await losingReply(configurationIsGone, (far) =>
    far.loggingConfigurations.delete(account, id),
  );
  assert.equal(deleted, 'deleted');
});

test('every operation bridges a short outage', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  await server.kill();
  const reading = store.rooms.get(account, room.id);
  await server.restart();
  assert.deepEqual(await reading, room);
});

test('when Redis stays away operations reject with StoreUnavailable, the store says so, and both pass', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  assert.deepEqual(store.notReady(), []);
  await server.kill();
  await eventually(() => assert.equal(store.notReady().length, 1));
  const startMs = performance.now();
  const operations = [
    store.rooms.get(account, room.id),
    store.rooms.create(roomDraft(account), 10),
    store.rooms.update(account, room.id, (r) => r),
    store.rooms.delete(account, room.id),
    store.rooms.list(account, {}, 50),
    store.rooms.touch(account, room.id),
    store.loggingConfigurations.list(account, 50),
    store.loggingConfigurations.get(account, newId()),
  ];
  await Promise.all(operations.map((operation) => assert.rejects(operation, StoreUnavailable)));
  assert.ok(performance.now() - startMs < 8_000);
  await server.restart();
  await eventually(() => assert.deepEqual(store.notReady(), []));
  assert.deepEqual(await store.rooms.get(account, room.id), room);
});

test('a Redis that is frozen for 5 seconds refuses within 3 and is told, and what was written is there once', async () => {
  const account = newAccount();
  const quotas = { of: () => presetQuotas('ivs') };
  const frozen = await openTestStore(server.url, quotas);
  const slots = frozen.connectionSlots(newId());
  const room = await createRoom(frozen, account);
  assert.equal(await slots.acquire(account), true);
  server.freeze();
  try {
    const startMs = performance.now();
    const other = newAccount();
    const draft = roomDraft(account);
    const operations = [
      frozen.rooms.create(draft, 10),
      frozen.rooms.get(account, room.id),
      frozen.rates.take(account, 'CreateChatToken', 5),
      Promise.resolve(slots.acquire(other)),
    ];
    await Promise.all(operations.map((operation) => assert.rejects(operation, StoreUnavailable)));
    assert.ok(performance.now() - startMs < 4_000, 'an operation hung');
    await eventually(() => assert.equal(frozen.notReady().length, 1), 6_000 - (performance.now() - startMs));
    await eventually(() => performance.now() - startMs > 5_000);
    server.thaw();
    await eventually(() => assert.deepEqual(frozen.notReady(), []));
    const { rooms } = await frozen.rooms.list(account, {}, 50);
    assert.deepEqual(
      rooms.filter(({ id }) => id !== room.id && id !== draft.id),
      [],
    );
    assert.equal(await slots.acquire(other), true);
    assert.equal(slots.count(account), 1);
  } finally {
    server.thaw();
    await slots.close();
    await frozen.close();
  }
});

test('a Redis whose memory is full refuses writes at once as unavailable, answers reads, deletes, and recovers', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  const configuration = await createConfiguration(store, account);
  await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory', '1');
  try {
    const startMs = performance.now();
    await assert.rejects(store.rooms.create(roomDraft(account), 10), StoreUnavailable);
    await assert.rejects(store.rates.take(account, 'CreateChatToken', 5), StoreUnavailable);
    assert.ok(performance.now() - startMs < 1_000);
    assert.deepEqual(await store.rooms.get(account, room.id), room);
    // What is deleted makes room, though a copy of it is kept for shippers.
    assert.equal(await store.loggingConfigurations.delete(account, configuration.id), 'deleted');
    assert.ok(await store.loggingConfigurations.forShipping(account, configuration.id));
    // The test before has frozen the same server.
    await eventually(() => assert.deepEqual(store.notReady(), []));
  } finally {
    await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory', '0');
  }
  await createRoom(store, account);
  assert.equal(await store.rates.take(account, 'CreateChatToken', 5), 1);
});

test('the stores and buses of one service share a connection to the same Redis', async () => {
  const registry = new Registry();
  const options = {
    access: accessTo(server.url),
    quotas: { of: () => presetQuotas('ivs') },
    log: silent,
    registry,
  };
  const count = async () =>
    (await redisCommand(server.port, 'CLIENT', 'LIST')).split('name=roomstream-commands').length;
  const before = await count();
  const one = await openStore(options);
  const two = await openStore(options);
  assert.equal(await count(), before + 1);
  await one.close();
  assert.equal(await two.rooms.get(newAccount(), newId()), undefined);
  await two.close();
  await eventually(async () => assert.equal(await count(), before));
});

test('a store does not open where no Redis answers', async () => {
  await assert.rejects(openTestStore('redis://127.0.0.1:1'), StoreUnavailable);
});
