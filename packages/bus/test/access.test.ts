import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { freePort } from '@roomstream/testing/free-port';
import { startRedisCluster } from '@roomstream/testing/redis-cluster';
import { startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import { UserRecords } from '../src/user-records.ts';
import {
  accessTo,
  account,
  Collector,
  frame,
  logsTo,
  openTestBus,
  reviewOf,
  Shipper,
  TestConnection,
} from './bus-fixture.ts';

// README.md of this package gives the same list to operators; a test below compares.
const rights =
  '~{s*}:* ~{roomstream}:* ~gateway:* &{s*}:push &{s*}:review-wake +ping +info +time +memory|usage +eval +evalsha +get +set +del +exists +xadd +xlen +xrange +xrevrange +xtrim +xdel +xack +xinfo|stream +xinfo|consumers +xgroup|create +xgroup|delconsumer +xreadgroup +xautoclaim +rpush +lpop +lpos +lindex +lrange +ltrim +hset +hget +hdel +hgetall +hkeys +hlen +hincrby +hsetnx +incr +sadd +srem +smembers +zadd +zrem +zrange +zrangebyscore +zremrangebyscore +pexpire +pexpireat +spublish +ssubscribe +sunsubscribe +client|setname +cluster|slots +cluster|info';

const user = ['--user', 'roomstream', 'on', '>s3cret', ...rights.split(' ')];

/** Chats over some rooms, with review and without, comes back to them, and trims; rejects when something isn't allowed. */
async function useEverything(target: Parameters<typeof openTestBus>[0]): Promise<void> {
  const bus = await openTestBus(target, 3, new Registry(), 2);
  try {
    const collector = new Collector();
    const follower = bus.follow(collector);
    const rooms = Array.from({ length: 9 }, () => newId());
    for (const room of rooms) {
      await follower.join(room);
      assert.equal((await bus.publish([frame(room)], 5)).kind, 'published');
    }
    await eventually(() => collector.entries.length === rooms.length);
    await reviewIn(bus, rooms);
    await eventually(() => collector.entries.length === 2 * rooms.length);
    await logIn(bus, rooms);
    await returnTo(bus, rooms);
    await bus.trim(60_000);
    await bus.measure();
  } finally {
    await bus.close();
  }
}

/** Logs more of each room than may wait, and ships it. */
async function logIn(bus: Bus, rooms: readonly string[]): Promise<void> {
  const logs = logsTo('drop-oldest', newId());
  const shipper = new Shipper(bus);
  for (const room of rooms) {
    for (let i = 0; i < 3; i++) assert.equal((await bus.publish([frame(room)], 50, logs)).kind, 'published');
  }
  await eventually(() => [...shipper.dropped.values()].length === 1);
  const { group } = shipper;
  await eventually(() => group.backlog().records > 2);
  for (const lane of [...shipper.lanes.values()].flat()) {
    const last = (await group.read(lane, '', 10)).at(-1);
    assert.equal(await group.acknowledge(lane, last?.entryId ?? ''), 'acknowledged');
  }
  await shipper.group.close();
}

/** Keeps records of users in each room, reads what it has said, and disconnects them. */
async function returnTo(bus: Bus, rooms: readonly string[]): Promise<void> {
  const records = await UserRecords.open<TestConnection>(
    bus,
    newId(),
    openLog('test', 'silent'),
    () => new Map(),
  );
  const endsMs = bus.clock.nowMs() + 60_000;
  for (const room of rooms) {
    const state = { kind: 'open', beganMs: 0, endsMs, knownSinceMs: 0, certain: undefined } as const;
    for (const number of [1, 2]) records.write(new TestConnection(number, room, 'ann', state));
    await eventually(async () => assert.equal((await records.read(room, 'ann')).records.length, 2));
    await records.gateway('another', room);
    const standing = { position: { ms: 1, seq: 1 }, added: 1, identity: '' };
    const bounds = { through: undefined, mostFrames: 10, mostBytes: 10_000, countsRest: false };
    assert.ok((await bus.readRoom(room, { after: standing, ...bounds })).frames.length > 0);
    const disconnect = { kind: 'disconnect', account, room, id: newId(), body: 'ann' } as const;
    assert.equal((await bus.publish([disconnect])).kind, 'published');
  }
  await records.close();
}

/** Has a message of each room reviewed, by a worker that claims what it finds. */
async function reviewIn(bus: Bus, rooms: readonly string[]): Promise<void> {
  const settled = new Set<string>();
  const group = bus.reviewGroup(
    { worker: newId(), claimMs: 0 },
    {
      capacity: () => 100,
      onReview: (review) => {
        const { account, room, id } = review;
        const done = group.settle(review, { kind: 'frame', account, room, id, body: 'reviewed' });
        done.then(
          () => settled.add(room),
          () => undefined,
        );
      },
    },
  );
  for (const room of rooms) {
    const review = { ...reviewOf(room, 'ann'), logs: logsTo('drop-oldest', newId()) };
    assert.equal((await bus.submitReview(review, 5)).kind, 'published');
  }
  await eventually(() => settled.size === rooms.length);
  await group.close();
}

test('a password that Redis refuses doesn’t reach the log', async (t) => {
  const redis = await startRedis(['--requirepass', 'right']);
  t.after(() => redis.stop());
  const program = `
    import { openLog } from '@roomstream/runtime/log';
    import { connectRedis, parseRedisUrl } from '@roomstream/runtime/redis';
    const access = { redisUrl: parseRedisUrl(process.argv[1]) };
    const client = connectRedis(access, 'test', openLog('test', 'trace'));
    client.once('error', () => setImmediate(() => client.disconnect()));`;
  const args = ['--input-type=module', '-e', program, `redis://:wr0ng-s3cret@127.0.0.1:${redis.port}`];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const log = execFileSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 30_000 });
  assert.match(log, /WRONGPASS/);
  assert.ok(!log.includes('s3cret'), log);
});

test('a user with the rights that the README lists, and a password, is enough', async (t) => {
  const redis = await startRedis([...user, '--user', 'default', 'off']);
  t.after(() => redis.stop());
  await useEverything(`redis://roomstream:s3cret@127.0.0.1:${redis.port}`);
});

test('the README lists these rights', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(`\n${rights}\n`));
});

test('the same rights are enough on a Cluster', async (t) => {
  const cluster = await startRedisCluster({ args: user });
  t.after(() => cluster.stop());
  await useEverything(cluster.url.replace('://', '://roomstream:s3cret@'));
});

test('rediss:// reaches a server whose certificate comes from a configured authority', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'roomstream-tls-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  makeCertificates(dir);
  const tlsPort = await freePort();
  const redis = await startRedis([
    '--tls-port',
    `${tlsPort}`,
    '--tls-cert-file',
    join(dir, 'server.crt'),
    '--tls-key-file',
    join(dir, 'server.key'),
    '--tls-ca-cert-file',
    join(dir, 'ca.crt'),
    '--tls-auth-clients',
    'no',
  ]);
  t.after(() => redis.stop());
  await useEverything(accessTo(`rediss://127.0.0.1:${tlsPort}`, join(dir, 'ca.crt')));
});

function makeCertificates(dir: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
  );
  openssl(
    'req',
    ...key,
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=redis',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-copy_extensions',
    'copy',
    '-out',
    'server.crt',
    '-days',
    '2',
  );
}
