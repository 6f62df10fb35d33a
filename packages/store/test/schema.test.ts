import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import type { Migration } from '../src/migration.ts';
import { openRecordsConnection, type RecordsConnection } from '../src/records-connection.ts';
import { bringUpToDate, NewerRecords, readSchemaVersion, schemaVersion } from '../src/schema.ts';
import { accessTo, createConfiguration, createRoom, newAccount, openTestStore, silent } from './fixture.ts';

let redis: RedisServer;
let client: Redis;
const connections: RecordsConnection[] = [];

before(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
});
beforeEach(() => client.flushall());
after(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  client.disconnect();
  await redis.stop();
});

async function connect(): Promise<RecordsConnection> {
  const connection = openRecordsConnection(accessTo(redis.url), silent, new Registry());
  connections.push(connection);
  await connection.ready();
  return connection;
}

/** A step that notes its runs in Redis. */
function noting(what: string, run: () => Promise<void> = async () => undefined): Migration {
  return {
    what,
    run: async ({ client: redisClient }) => {
      await redisClient.rpush('runs', what);
      await run();
    },
  };
}

test('an empty Redis gets the version of the program that uses it first', async () => {
  const store = await openTestStore(redis.url);
  await store.close();
  assert.equal(await client.get('store:{schema}:version'), `${schemaVersion}`);
  assert.equal(await client.exists('store:{schema}:lock'), 0);
});

test('records of a later version are refused at the start, in a sentence that names both versions', async () => {
  await client.set('store:{schema}:version', schemaVersion + 1);
  await assert.rejects(openTestStore(redis.url), (error: Error) => {
    assert.ok(error instanceof NewerRecords);
    assert.match(error.message, new RegExp(`version ${schemaVersion + 1} .* version ${schemaVersion}:`));
    return true;
  });
});

test('a version that is no number stops the start', async () => {
  await client.set('store:{schema}:version', 'two');
  await assert.rejects(openTestStore(redis.url), /"two", which is no number/);
});

test('records without a version, of before there were accounts and indices, are found by every listing afterwards', async () => {
  const account = newAccount();
  // As they were written then: a string for each record, and a set of all.
  const config = `v1 1700000000000001 1700000000000 ${JSON.stringify({ name: 'archive', destination: { s3: { bucketName: 'logs' } }, state: 'ACTIVE', tags: {} })}`;
  const room = (name: string, ids: string[]) =>
    JSON.stringify({
      name,
      maximumMessageRatePerSecond: 10,
      maximumMessageLength: 500,
      messageReviewHandler: { uri: 'arn:aws:lambda:us-west-2:1:function:f', fallbackResult: 'DENY' },
      loggingConfigurationIds: ids,
      tags: {},
    });
  await client.set(`store:{${account}}:logging-configuration:ConfAAAAAAAA`, config);
  await client.set(
    `store:{${account}}:room:RoomAAAAAAAA`,
    `v2 1700000000000002 1690000000000 ${room('lobby', ['ConfAAAAAAAA'])}`,
  );
  await client.set(
    `store:{${account}}:room:RoomBBBBBBBB`,
    `v3 1700000000000003 1690000000001 ${room('stage', [])}`,
  );

  const store = await openTestStore(redis.url);
  try {
    assert.equal(await client.get('store:{schema}:version'), `${schemaVersion}`);
    const idsOf = async (filter: Parameters<typeof store.rooms.list>[1]) =>
      (await store.rooms.list(account, filter, 10)).rooms.map(({ id }) => id);
    assert.deepEqual(await idsOf({}), ['RoomBBBBBBBB', 'RoomAAAAAAAA']);
    assert.deepEqual(await idsOf({ name: 'lobby' }), ['RoomAAAAAAAA']);
    assert.deepEqual(await idsOf({ messageReviewHandlerUri: 'arn:aws:lambda:us-west-2:1:function:f' }), [
      'RoomBBBBBBBB',
      'RoomAAAAAAAA',
    ]);
    assert.deepEqual(await idsOf({ loggingConfigurationId: 'ConfAAAAAAAA' }), ['RoomAAAAAAAA']);
    assert.equal(await store.loggingConfigurations.delete(account, 'ConfAAAAAAAA'), 'attached');
    assert.deepEqual(
      (await store.loggingConfigurations.list(account, 10)).loggingConfigurations.map(({ id }) => id),
      ['ConfAAAAAAAA'],
    );
    const found = await store.rooms.get(account, 'RoomAAAAAAAA');
    assert.equal(found?.createTimeMs, 1690000000000);
    assert.equal(found?.updateTimeMs, 1700000000000);
    // The quota counts them, later ones are newer, and the removal of unused rooms finds them.
    const refused = await store.rooms.create({ ...(found ?? assert.fail()), id: 'RoomCCCCCCCC' }, 2);
    assert.equal(refused.kind, 'quota-exceeded');
    const created = await createRoom(store, account);
    assert.deepEqual((await idsOf({}))[0], created.id);
    const removed = await store.rooms.removeUnused(1_700_000_000_001, silent);
    assert.deepEqual(removed.map(({ id }) => id).sort(), ['RoomAAAAAAAA', 'RoomBBBBBBBB']);
  } finally {
    await store.close();
  }
});

test('the steps run in their order, each once, while eight processes start together', async () => {
  const steps = ['one', 'two', 'three'].map((what) => noting(what));
  const starting = await Promise.all(Array.from({ length: 8 }, () => connect()));
  await Promise.all(starting.map((connection) => bringUpToDate(connection, silent, steps)));
  assert.deepEqual(await client.lrange('runs', 0, -1), ['one', 'two', 'three']);
  assert.equal(await client.get('store:{schema}:version'), '3');
});

test('a step that failed is taken up by the next process, and those before it are not repeated', async () => {
  const connection = await connect();
  const failing = [noting('one'), noting('two', () => Promise.reject(new Error('no memory')))];
  await assert.rejects(bringUpToDate(connection, silent, failing), /no memory/);
  assert.equal(await readSchemaVersion(connection), 1);
  // The lock of the one that failed is free once it has expired.
  await client.pexpire('store:{schema}:lock', 1);
  await bringUpToDate(connection, silent, [noting('one'), noting('two')]);
  assert.deepEqual(await client.lrange('runs', 0, -1), ['one', 'two', 'two']);
  assert.equal(await readSchemaVersion(connection), 2);
});

test('whoever starts during a migration waits for its end', async () => {
  const [first, second] = [await connect(), await connect()];
  let end: () => void = () => assert.fail();
  const isUnderWay = new Promise<void>((resolve) => {
    end = resolve;
  });
  const steps = [noting('slow', () => isUnderWay)];
  const migrating = bringUpToDate(first, silent, steps);
  await eventually(async () => (await client.llen('runs')) === 1);
  let hasStarted = false;
  const waiting = bringUpToDate(second, silent, steps).then(() => {
    hasStarted = true;
  });
  // It looks ten times a second; a command that is answered after three looks shows that it still waits.
  const looks = Number(/cmdstat_get:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
  await eventually(
    async () => Number(/cmdstat_get:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]) >= looks + 3,
  );
  assert.equal(hasStarted, false);
  end();
  await Promise.all([migrating, waiting]);
  assert.deepEqual(await client.lrange('runs', 0, -1), ['slow']);
});

test('records that are changed and deleted while they are indexed are right afterwards', async () => {
  const account = newAccount();
  const store = await openTestStore(redis.url);
  const configuration = await createConfiguration(store, account);
  const rooms = await Promise.all(
    Array.from({ length: 200 }, (_, n) => createRoom(store, account, { name: `room ${n}` })),
  );
  await client.del('store:{schema}:version');
  const connection = await connect();
  const migrating = bringUpToDate(connection, silent);
  await Promise.all(
    rooms.map(async ({ id }, n) => {
      if (n % 2 === 0) await store.rooms.delete(account, id);
      else
        await store.rooms.update(account, id, (room) => ({
          ...room,
          name: 'renamed',
          loggingConfigurationIds: [configuration.id],
        }));
    }),
  );
  await migrating;
  const left = rooms
    .filter((_, n) => n % 2 === 1)
    .map(({ id }) => id)
    .sort();
  const members = (index: string) =>
    client.zrange(`store:{${account}}:${index}`, '0', '-1').then((ids) => ids.sort());
  assert.deepEqual(await members('rooms'), left);
  assert.deepEqual(await members('rooms:activity'), left);
  assert.deepEqual(await members('rooms:name:renamed'), left);
  assert.deepEqual(await members(`rooms:logging-configuration:${configuration.id}`), left);
  assert.deepEqual(await client.keys(`store:{${account}}:rooms:name:room*`), []);
  await store.close();
});
