import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import { deletedKey } from '../src/keys.ts';
import { configurationDraft, createConfiguration, createRoom, newAccount, openTestStore } from './fixture.ts';

const server = await startRedis();
const store = await openTestStore(server.url);
const redis = new Redis(server.url);
after(async () => {
  redis.disconnect();
  await store.close();
  await server.stop();
});

test('a logging configuration is read as it was created, and updated', async () => {
  const account = newAccount();
  const created = await createConfiguration(store, account);
  assert.deepEqual(await store.loggingConfigurations.get(account, created.id), created);
  const destination = { firehose: { deliveryStreamName: 'stream' } };
  const updated = await store.loggingConfigurations.update(account, created.id, (configuration) => ({
    ...configuration,
    destination,
  }));
  assert.ok(updated.kind === 'updated');
  assert.deepEqual(updated.loggingConfiguration.destination, destination);
  assert.deepEqual(await store.loggingConfigurations.get(account, created.id), updated.loggingConfiguration);
  const missing = await store.loggingConfigurations.update(account, 'nosuchconfig', (c) => c);
  assert.equal(missing.kind, 'not-found');
});

test('the quota of logging configurations is exact', async () => {
  const account = newAccount();
  const outcomes = await Promise.all(
    Array.from({ length: 15 }, () => store.loggingConfigurations.create(configurationDraft(account), 10)),
  );
  assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 10);
});

test('logging configurations are listed in pages, newest update first', async () => {
  const account = newAccount();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift((await createConfiguration(store, account)).id);
  const first = await store.loggingConfigurations.list(account, 3);
  const second = await store.loggingConfigurations.list(account, 3, first.next);
  const listed = [...first.loggingConfigurations, ...second.loggingConfigurations].map(({ id }) => id);
  assert.deepEqual(listed, ids);
  assert.equal(second.next, undefined);
});

test('one that a room has cannot be deleted until the last room lets go of it', async () => {
  const account = newAccount();
  const { id } = await createConfiguration(store, account);
  const fields = { loggingConfigurationIds: [id] };
  const [one, two] = [await createRoom(store, account, fields), await createRoom(store, account, fields)];
  assert.equal(await store.loggingConfigurations.delete(account, id), 'attached');
  await store.rooms.update(account, one.id, (room) => ({ ...room, loggingConfigurationIds: [] }));
  assert.equal(await store.loggingConfigurations.delete(account, id), 'attached');
  await store.rooms.delete(account, two.id);
  assert.equal(await store.loggingConfigurations.delete(account, id), 'deleted');
  assert.equal(await store.loggingConfigurations.delete(account, id), 'not-found');
});

test('a deleted one stays readable for shippers for an hour, as it was last, and for nothing else', async () => {
  const account = newAccount();
  const { id } = await createConfiguration(store, account);
  const { loggingConfigurations: configurations } = store;
  const destination = { firehose: { deliveryStreamName: 'stream' } };
  await configurations.update(account, id, (configuration) => ({ ...configuration, destination }));
  const last = await configurations.get(account, id);
  assert.deepEqual(await configurations.forShipping(account, id), last);
  assert.equal(await configurations.delete(account, id), 'deleted');

  assert.deepEqual(await configurations.forShipping(account, id), last);
  assert.equal(await configurations.get(account, id), undefined);
  assert.equal((await configurations.update(account, id, (c) => c)).kind, 'not-found');
  assert.deepEqual((await configurations.list(account, 10)).loggingConfigurations, []);
  await assert.rejects(createRoom(store, account, { loggingConfigurationIds: [id] }), {
    message: 'logging-configuration-not-found',
  });

  const key = deletedKey(account, 'logging-configuration', id);
  const leftMs = await redis.pttl(key);
  assert.ok(leftMs > 3_500_000 && leftMs <= 3_600_000, `${leftMs}`);
  await redis.pexpire(key, 1);
  await eventually(async () => (await configurations.forShipping(account, id)) === undefined);
});

test('a refused deletion leaves no copy, and one that never existed has none', async () => {
  const account = newAccount();
  const { id } = await createConfiguration(store, account);
  await createRoom(store, account, { loggingConfigurationIds: [id] });
  assert.equal(await store.loggingConfigurations.delete(account, id), 'attached');
  assert.equal(await redis.exists(deletedKey(account, 'logging-configuration', id)), 0);
  assert.equal(await store.loggingConfigurations.forShipping(account, 'nosuchconfig'), undefined);
});

test('of a deleted room nothing is kept', async () => {
  const account = newAccount();
  const { id } = await createRoom(store, account);
  assert.equal(await store.rooms.delete(account, id), true);
  assert.equal(await redis.exists(deletedKey(account, 'room', id)), 0);
});
