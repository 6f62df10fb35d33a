import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl } from '@roomstream/runtime/redis';
import { presetQuotas } from '@roomstream/store/quotas';
import { openStore, type Store } from '@roomstream/store/store';
import { eventually } from '@roomstream/testing/eventually';
import { type Fleet, startFleet } from '@roomstream/testing/fleet';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { printed, roomstream } from './cli.ts';

const account = '123456789012';
let redis: RedisServer;
let fleet: Fleet;
let store: Store;
let env: Record<string, string>;

before(async () => {
  redis = await startRedis();
  fleet = await startFleet({ gateways: 2, controlPlanes: 1, redis });
  env = { REDIS_URL: redis.url };
  store = await openStore({
    access: { redisUrl: parseRedisUrl(redis.url), redisCaFile: undefined, redisSentinelPassword: undefined },
    quotas: { of: () => presetQuotas('ivs') },
    log: openLog('test', 'silent'),
    registry: new Registry(),
  });
  for (let n = 0; n < 120; n++) {
    await store.rooms.create(
      {
        account,
        id: `room${`${n}`.padStart(8, '0')}`,
        name: n === 7 ? 'lobby' : '',
        maximumMessageRatePerSecond: 10,
        maximumMessageLength: 500,
        messageReviewHandler: undefined,
        loggingConfigurationIds: [],
        tags: {},
      },
      1_000,
    );
  }
});

after(async () => {
  await store?.close();
  await fleet?.stop();
  await redis?.stop();
});

test('rooms lists every room once, newest update first, as a table or as JSON lines', async () => {
  const json = printed<{ id: string; arn: string; usedTimeMs: number }>(
    await roomstream(['rooms', '--json'], env),
  );
  assert.equal(json.length, 120);
  assert.equal(json[0]?.id, 'room00000119');
  assert.equal(json[0]?.arn, `arn:aws:ivschat:us-west-2:${account}:room/room00000119`);
  assert.ok((json[0]?.usedTimeMs ?? 0) > Date.now() - 600_000);
  const table = await roomstream(['rooms', '--account', account, '--name', 'lobby'], env);
  assert.equal(table.status, 0);
  const lines = table.stdout.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? '', /^123456789012 {2}room00000007 .* "lobby"$/);
  assert.equal(printed(await roomstream(['rooms', '--account', '000000000001', '--json'], env)).length, 0);
});

test('connections are those that gateways have reported in an account with a quota', async () => {
  const slots = store.connectionSlots('gatewayOne00');
  for (let n = 0; n < 3; n++) await slots.acquire(account);
  const held = await eventually(async () => {
    const found = printed<{ account: string; gateway: string; connections: number }>(
      await roomstream(['connections', '--json'], env),
    );
    assert.equal(found[0]?.connections, 3);
    return found;
  });
  assert.deepEqual([held.length, held[0]?.account, held[0]?.gateway], [1, account, 'gatewayOne00']);
  await slots.close();
});

test('connections of admin ports are asked there; one that is away is told and ends with 1', async () => {
  const [first, second] = fleet.gateways;
  const ports = [first?.adminUrl ?? '', second?.adminUrl ?? ''];
  const both = await roomstream(['connections', ...ports.flatMap((url) => ['--admin', url]), '--json']);
  assert.equal(both.status, 0, both.stderr);
  assert.deepEqual(printed(both), [
    { admin: ports[0], ready: true, connections: 0, rooms: 0 },
    { admin: ports[1], ready: true, connections: 0, rooms: 0 },
  ]);
  const away = await roomstream(['connections', '--admin', ports[0] ?? '', '--admin', 'http://127.0.0.1:1']);
  assert.equal(away.status, 1);
  assert.match(away.stdout, /ADMIN PORT .*\n.* yes +0 +0\n$/);
  assert.match(away.stderr, /^http:\/\/127\.0\.0\.1:1 can't be read/);
});

test('streams shows what is in each shard, and how old it is', async () => {
  const empty = await roomstream(['streams'], env);
  assert.equal(empty.status, 0);
  assert.match(empty.stderr, /128 of 128 shards have nothing in them/);
  const client = new Redis(redis.url);
  const s5 = await firstTag(5);
  const [seconds] = await client.time();
  await client.xadd(`{${s5}}:room`, `${(Number(seconds) - 100) * 1000}-0`, 'e', 'one');
  await client.xadd(`{${s5}}:room`, '*', 'e', 'two');
  await client.xadd(`{${s5}}:review-dead`, '*', 'e', 'x');
  await client.sadd(`{${s5}}:logs`, `${account}ConfAAAAAAAA`);
  await client.xadd(`{${s5}}:log:ConfAAAAAAAA`, '*', 'e', 'one');
  await client.set(`{${s5}}:log-lease`, 'shipperOne00:4');
  client.disconnect();
  const [state, ...others] = printed<{
    shard: number;
    room: { entries: number; bytes: number; oldestMs: number };
    review: { waiting: number; dead: number };
    logs: { waiting: number; shipper: string };
  }>(await roomstream(['streams', '--json'], env));
  assert.deepEqual(others, []);
  assert.equal(state?.shard, 5);
  assert.equal(state.room.entries, 2);
  assert.ok(state.room.bytes > 100);
  assert.ok(state.room.oldestMs >= 99_000 && state.room.oldestMs < 700_000, `${state.room.oldestMs}`);
  assert.deepEqual([state.review.waiting, state.review.dead], [0, 1]);
  assert.deepEqual([state.logs.waiting, state.logs.shipper], [1, 'shipperOne00']);
  const wrong = await roomstream(['streams'], { ...env, ROOMSTREAM_SHARDS: '64' });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /ROOMSTREAM_SHARDS=128, and this process has 64/);
});

async function firstTag(shard: number): Promise<string> {
  const [state] = printed<{ tag: string; shard: number }>(
    await roomstream(['streams', '--all', '--json'], env),
  ).filter((one) => one.shard === shard);
  return state?.tag ?? assert.fail();
}

test('drain stops the process that it is given, and returns when it has ended', async () => {
  const gateway = fleet.gateways[0] ?? assert.fail();
  const settings = { ROOMSTREAM_ADMIN_PORT: `${gateway.adminPort}` };
  const several = await roomstream(['drain'], settings);
  assert.equal(several.status, 1);
  assert.match(several.stderr, /^Several run here, .*: say which with --pid/);
  const another = await roomstream(['drain', 'gateway', '--pid', `${process.pid}`], settings);
  assert.match(another.stderr, /is no gateway\./);
  assert.ok(gateway.isRunning());
  const { status, stderr, stdout } = await roomstream(['drain', '--pid', `${gateway.pid}`], settings);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /0 connections are left/);
  await eventually(() => !gateway.isRunning());
  assert.match(gateway.output(), /gateway has stopped/);
});
