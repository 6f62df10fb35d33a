import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import type { Room } from '../src/records.ts';
import type { Store } from '../src/store.ts';
import { createConfiguration, createRoom, newAccount, openTestStore, roomDraft, silent } from './fixture.ts';

let server: RedisServer;
let store: Store;
let other: Store;
before(async () => {
  server = await startRedis();
  [store, other] = await Promise.all([openTestStore(server.url), openTestStore(server.url)]);
});
after(async () => {
  await Promise.all([store.close(), other.close()]);
  await server.stop();
});

const uri = 'arn:aws:lambda:us-west-2:000000000000:function:review';

test('a room is read as it was created, with the times of Redis', async () => {
  const account = newAccount();
  const loggingConfigurationIds = [(await createConfiguration(store, account)).id];
  const draft = roomDraft(account, {
    messageReviewHandler: { uri, fallbackResult: 'DENY' },
    loggingConfigurationIds,
    tags: { 'naïve key': 'välue', empty: '' },
  });
  const created = await store.rooms.create(draft, 10);
  assert.equal(created.kind, 'created');
  const room = await other.rooms.get(account, draft.id);
  assert.ok(room !== undefined && created.kind === 'created');
  assert.deepEqual(room, created.room);
  const { createTimeMs, updateTimeMs, ...rest } = room;
  assert.deepEqual(rest, draft);
  assert.equal(createTimeMs, updateTimeMs);
  assert.ok(Math.abs(createTimeMs - Date.now()) < 60_000);
});

test('a room without a handler is read with the member absent, not missing', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  assert.deepStrictEqual(await store.rooms.get(account, room.id), room);
  assert.ok('messageReviewHandler' in room);
});

test('rooms of another account are not found', async () => {
  const room = await createRoom(store, newAccount());
  assert.equal(await store.rooms.get(newAccount(), room.id), undefined);
});

test('the room quota is exact when two processes create at the same time', async () => {
  const account = newAccount();
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, i) => (i % 2 ? store : other).rooms.create(roomDraft(account), 25)),
  );
  assert.equal(outcomes.filter(({ kind }) => kind === 'created').length, 25);
  assert.equal(outcomes.filter(({ kind }) => kind === 'quota-exceeded').length, 35);
  const { rooms } = await store.rooms.list(account, {}, 50);
  assert.equal(rooms.length, 25);
  assert.equal(await store.rooms.delete(account, (rooms[0] as Room).id), true);
  assert.equal((await store.rooms.create(roomDraft(account), 25)).kind, 'created');
});

test('an update moves the update time, a change of tags with keepUpdateTime does not', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  const updated = await store.rooms.update(account, room.id, (r) => ({ ...r, name: 'stage' }));
  assert.ok(updated.kind === 'updated');
  assert.ok(updated.room.updateTimeMs >= room.updateTimeMs);
  assert.equal(updated.room.createTimeMs, room.createTimeMs);
  const newer = await createRoom(store, account);
  const tagged = await store.rooms.update(account, room.id, (r) => ({ ...r, tags: { a: 'b' } }), {
    keepUpdateTime: true,
  });
  assert.ok(tagged.kind === 'updated');
  assert.equal(tagged.room.updateTimeMs, updated.room.updateTimeMs);
  assert.deepEqual(tagged.room.tags, { a: 'b' });
  assert.deepEqual(await store.rooms.get(account, room.id), tagged.room);
  const { rooms } = await store.rooms.list(account, {}, 50);
  assert.deepEqual(
    rooms.map(({ id }) => id),
    [newer.id, room.id],
  );
});

test('updates of two processes at the same time are all kept', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? store : other).rooms.update(account, room.id, (r) => ({
        ...r,
        tags: { ...r.tags, [`t${i}`]: 'x' },
      })),
    ),
  );
  const { tags } = (await store.rooms.get(account, room.id)) as Room;
  assert.equal(Object.keys(tags).length, 40);
});

test('what the change throws stops the update', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  const refuse = () => {
    throw new RangeError('51 tags');
  };
  await assert.rejects(store.rooms.update(account, room.id, refuse), RangeError);
  assert.deepEqual(await store.rooms.get(account, room.id), room);
});

test('updating or deleting a room that is not there says so', async () => {
  const account = newAccount();
  assert.deepEqual(await store.rooms.update(account, 'nosuchroom12', (r) => r), { kind: 'not-found' });
  assert.equal(await store.rooms.delete(account, 'nosuchroom12'), false);
});

test('a room is deleted once, and leaves nothing behind that doesn’t expire', async () => {
  const account = newAccount();
  const configuration = await createConfiguration(store, account);
  const room = await createRoom(store, account, {
    messageReviewHandler: { uri, fallbackResult: 'ALLOW' },
    loggingConfigurationIds: [configuration.id],
  });
  const outcomes = await Promise.all([store, other].map(({ rooms }) => rooms.delete(account, room.id)));
  assert.deepEqual(outcomes.toSorted(), [false, true]);
  await store.rooms.touch(account, room.id);
  assert.equal(await store.loggingConfigurations.delete(account, configuration.id), 'deleted');
  const client = new Redis(server.port);
  const keys = await client.keys(`store:{${account}}:*`);
  const lasting: string[] = [];
  for (const key of keys) if ((await client.pttl(key)) === -1) lasting.push(key);
  client.disconnect();
  assert.deepEqual(lasting, [`store:{${account}}:score`]);
});

test('only logging configurations that exist can be attached', async () => {
  const account = newAccount();
  const { id } = await createConfiguration(store, account);
  const missing = { kind: 'logging-configuration-not-found', id: 'nosuchconfig' };
  const ids = [id, 'nosuchconfig'];
  const draft = roomDraft(account, { loggingConfigurationIds: ids });
  assert.deepEqual(await store.rooms.create(draft, 10), missing);
  const room = await createRoom(store, account);
  const attach = (r: Room) => ({ ...r, loggingConfigurationIds: ids });
  assert.deepEqual(await store.rooms.update(account, room.id, attach), missing);
  assert.deepEqual(await store.rooms.get(account, room.id), room);
});

test('a logging configuration that is attached and deleted at the same time is never both', async () => {
  const account = newAccount();
  for (let i = 0; i < 50; i++) {
    const { id } = await createConfiguration(store, account);
    const room = await createRoom(store, account);
    const [attached, deleted] = await Promise.all([
      store.rooms.update(account, room.id, (r) => ({ ...r, loggingConfigurationIds: [id] })),
      other.loggingConfigurations.delete(account, id),
    ]);
    assert.equal(attached.kind === 'updated', deleted === 'attached');
    assert.equal(attached.kind === 'logging-configuration-not-found', deleted === 'deleted');
  }
});

test('unused rooms are removed in all accounts, indices with them; touched and updated ones stay', async () => {
  const accounts = [newAccount(), newAccount()] as const;
  const unused = await Promise.all(
    Array.from({ length: 230 }, (_, i) =>
      createRoom(store, accounts[i % 2] as string, {
        name: 'unused',
        messageReviewHandler: { uri, fallbackResult: 'DENY' },
      }),
    ),
  );
  const kept = await createRoom(store, accounts[0], { name: 'unused' });
  const touched = await createRoom(store, accounts[0], { name: 'unused' });
  const client = new Redis(server.port);
  const longAgo = Date.now() - 10_000_000;
  for (const { account, id } of [...unused, kept, touched]) {
    await client.zadd(`store:{${account}}:rooms:activity`, longAgo, id);
  }
  client.disconnect();
  await store.rooms.update(kept.account, kept.id, (room) => room);
  await store.rooms.touch(touched.account, touched.id);
  const since = longAgo + 1;
  const sweeps = await Promise.all([store, other].map(({ rooms }) => rooms.removeUnused(since, silent)));
  const removed = sweeps.flat().map(({ id }) => id);
  assert.deepEqual(removed.toSorted(), unused.map(({ id }) => id).toSorted());
  for (const filter of [{}, { name: 'unused' }]) {
    const { rooms } = await store.rooms.list(accounts[0], filter, 50);
    assert.deepEqual(rooms.map(({ id }) => id).toSorted(), [kept.id, touched.id].toSorted());
    assert.deepEqual((await store.rooms.list(accounts[1], filter, 50)).rooms, []);
  }
  assert.deepEqual((await store.rooms.list(accounts[0], { messageReviewHandlerUri: uri }, 50)).rooms, []);
});

test('a room is touched with one write per process and hour', async () => {
  const account = newAccount();
  const room = await createRoom(store, account);
  const client = new Redis(server.port);
  const writes = async () =>
    Number(/cmdstat_zadd:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
  const earlier = await writes();
  for (let i = 0; i < 100; i++) await store.rooms.touch(account, room.id);
  assert.equal((await writes()) - earlier, 1);
  client.disconnect();
});
