import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import type { Store } from '../src/store.ts';
import { configurationDraft, createConfiguration, createRoom, newAccount, openTestStore } from './fixture.ts';

let server: RedisServer;
let store: Store;
before(async () => {
  server = await startRedis();
  store = await openTestStore(server.url);
});
after(async () => {
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
