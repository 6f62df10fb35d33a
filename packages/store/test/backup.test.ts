import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { backUpRecords } from '../src/back-up-records.ts';
import { openRecordsConnection, type RecordsConnection } from '../src/records-connection.ts';
import { BadBackup, restoreRecords } from '../src/restore-records.ts';
import { bringUpToDate, NewerRecords, schemaVersion } from '../src/schema.ts';
import { accessTo, createConfiguration, createRoom, newAccount, openTestStore, silent } from './fixture.ts';

const servers: RedisServer[] = [];
const connections: RecordsConnection[] = [];
let [from, to]: RecordsConnection[] = [];

before(async () => {
  servers.push(...(await Promise.all([startRedis(), startRedis()])));
  [from, to] = await Promise.all(
    servers.map(async ({ url }) => {
      const connection = openRecordsConnection(accessTo(url), silent, new Registry());
      connections.push(connection);
      await connection.ready();
      return connection;
    }),
  );
});
beforeEach(() =>
  Promise.all(
    connections.map(async (connection) => {
      await connection.client.flushall();
      await bringUpToDate(connection, silent);
    }),
  ),
);
after(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

const source = () => from ?? assert.fail();
const target = () => to ?? assert.fail();

async function backUp(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of backUpRecords(source())) lines.push(line.trimEnd());
  return lines;
}

const reader = (lines: readonly string[]) =>
  async function* () {
    yield* lines;
  };

/** All keys that are to be the same, with their values. */
async function contents(url: string): Promise<Record<string, unknown>> {
  const client = new Redis(url);
  const keys = (await client.keys('store:*'))
    .filter((key) => !/:(outcome|deleted|rate|slots)/.test(key))
    .sort();
  const read = async (key: string) => {
    const type = await client.type(key);
    if (type === 'string') return client.get(key);
    return type === 'set' ? (await client.smembers(key)).sort() : client.zrange(key, '0', '-1', 'WITHSCORES');
  };
  const values = Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key, await read(key)] as const)),
  );
  client.disconnect();
  return values;
}

async function fill(): Promise<string> {
  const account = newAccount();
  const store = await openTestStore(servers[0]?.url ?? '');
  const { id } = await createConfiguration(store, account);
  await createRoom(store, account, {
    name: 'a name with a \n in it, 你好',
    messageReviewHandler: { uri: 'arn:aws:lambda:us-west-2:1:function:f', fallbackResult: 'DENY' },
    loggingConfigurationIds: [id],
    tags: { team: 'one' },
  });
  for (let n = 0; n < 50; n++) await createRoom(store, newAccount());
  await store.close();
  return account;
}

test('a restore into an empty Redis has every record, index and time of the first one', async () => {
  await fill();
  const restored = await restoreRecords(target(), reader(await backUp()), silent);
  assert.deepEqual(restored, { rooms: 51, loggingConfigurations: 1, different: [], detached: [] });
  const [first, second] = await Promise.all(servers.map(({ url }) => contents(url)));
  assert.deepEqual(second, first);
});

test('a restore can be repeated, and leaves alone what was changed since', async () => {
  const account = await fill();
  const lines = await backUp();
  await restoreRecords(target(), reader(lines), silent);
  const store = await openTestStore(servers[1]?.url ?? '');
  const { rooms } = await store.rooms.list(account, {}, 1);
  const [room] = rooms;
  await store.rooms.update(account, room?.id ?? '', (current) => ({ ...current, name: 'renamed' }));
  const again = await restoreRecords(target(), reader(lines), silent);
  assert.deepEqual(again, {
    rooms: 50,
    loggingConfigurations: 1,
    different: [`room ${account}/${room?.id}`],
    detached: [],
  });
  assert.equal((await store.rooms.get(account, room?.id ?? ''))?.name, 'renamed');
  await store.close();
});

test('a room whose logging configuration the backup lacks is restored without it, and named', async () => {
  const account = await fill();
  const lines = (await backUp()).filter((line) => !line.includes('"kind":"logging-configuration"'));
  const end = lines.findIndex((line) => line.includes('"end"'));
  lines[end] = JSON.stringify({ end: true, records: lines.length - 2 });
  const { detached } = await restoreRecords(target(), reader(lines), silent);
  assert.deepEqual(
    detached.map((name) => name.split('/')[0]),
    [account],
  );
  const store = await openTestStore(servers[1]?.url ?? '');
  const { rooms } = await store.rooms.list(account, {}, 1);
  assert.deepEqual(rooms[0]?.loggingConfigurationIds, []);
  await store.close();
});

test('a backup of records without a version is restored to the newest one', async () => {
  const account = await fill();
  const lines = await backUp();
  const [head = ''] = lines;
  const log = openLog('test', 'silent');
  const steps: string[] = [];
  log.info = (fields: object) => void steps.push(Object.keys(fields).join());
  await restoreRecords(
    target(),
    reader([head.replace(/"schema":\d+/, '"schema":0'), ...lines.slice(1)]),
    log,
  );
  assert.deepEqual(steps, ['rooms,configurations']);
  const store = await openTestStore(servers[1]?.url ?? '');
  assert.equal((await store.rooms.list(account, {}, 10)).rooms.length, 1);
  await store.close();
});

test('a backup that is cut off, changed or of a later version is refused before anything is written', async () => {
  await fill();
  const lines = await backUp();
  const before = await contents(servers[1]?.url ?? '');
  const damaged: [readonly string[], RegExp][] = [
    [[], /cut off after line 0/],
    [lines.slice(0, -1), /cut off after line 53/],
    [[...lines.slice(0, 5), lines[5]?.slice(0, 40) ?? ''], /Line 6 is no JSON/],
    [lines.toSpliced(3, 1), /has 51 records and should have 52/],
    [lines.slice(1), /Line 1 is in the wrong place/],
    [lines.with(2, '{"kind":"secret"}'), /Line 3 has the kind "secret"/],
    [lines.with(2, '{"kind":"room","account":"1"}'), /Line 3 has no account as it should be/],
    [['{"roomstream":"records","form":2,"schema":1}'], /Line 1 is not of form 1/],
  ];
  for (const [some, why] of damaged) {
    await assert.rejects(restoreRecords(target(), reader(some), silent), (error) => {
      assert.ok(error instanceof BadBackup);
      assert.match(error.message, why);
      return true;
    });
  }
  const later = lines[0]?.replace(/"schema":\d+/, `"schema":${schemaVersion + 1}`) ?? '';
  await assert.rejects(restoreRecords(target(), reader([later]), silent), NewerRecords);
  assert.deepEqual(await contents(servers[1]?.url ?? ''), before);
});
