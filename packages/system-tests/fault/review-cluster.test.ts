import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisCluster, startRedisCluster } from '@roomstream/testing/redis-cluster';
import { redisCommand } from '@roomstream/testing/redis-command';
import { startRedisSentinel } from '@roomstream/testing/redis-sentinel';
import { durable } from '@roomstream/testing/redis-server';
import { assertSurvived, openReviewFaultOn } from '../src/review-fault.ts';
import type { StageRedis } from '../src/stage.ts';

// Redis in the deployments of production. A master that dies for good takes with it what it had confirmed and not yet sent to
// its replica: that is Redis's, and on loopback less than a kill can hit.

/** So many that each master surely has some of them. */
const rooms = 40;

/** Messages without a verdict on one server; inline commands know quotes. */
const waiting = `"local n = 0 for _, key in ipairs(redis.call('KEYS', '*:review')) do n = n + redis.call('XLEN', key) end return tostring(n)"`;

async function inFlight(port: number): Promise<number> {
  return Number(await redisCommand(port, 'EVAL', waiting, 0));
}

/**
 * The fault happens to one of the masters, each of which has messages in flight; more are sent meanwhile. Every sender is
 * answered, nothing passes twice, nothing is lost that its sender saw, no denied message passes.
 */
async function withstands<R extends StageRedis>(
  t: TestContext,
  redis: R,
  masterPorts: readonly number[],
  fault: (whileAway: () => void) => Promise<void>,
): Promise<void> {
  const { thousandInFlight } = await openReviewFaultOn(t, redis);
  const crowd = await thousandInFlight(rooms);
  const counts = await Promise.all(masterPorts.map(inFlight));
  for (const [n, count] of counts.entries()) assert.ok(count > 0, `master ${n} has nothing in flight`);
  await fault(() => crowd.send(2));
  t.diagnostic(`in flight on the masters: ${counts.join(', ')}; ${await assertSurvived(crowd)}`);
}

const portsOf = (servers: RedisCluster['masters']) => servers.map(({ port }) => port);

const isMaster = async (port: number): Promise<boolean> =>
  (await redisCommand(port, 'INFO', 'replication')).includes('role:master');

test('one of three masters of a Cluster restarted with reviewed messages in flight on all: each is answered, none twice, none lost', async (t) => {
  const cluster = await startRedisCluster({ args: durable });
  const [, victim] = cluster.masters;
  assert.ok(victim !== undefined);
  await withstands(t, cluster, portsOf(cluster.masters), async (whileAway) => {
    await victim.kill();
    whileAway();
    await delay(500);
    await victim.restart();
  });
});

test('one of three masters of a Cluster killed for good: its replica goes on with the messages in flight', async (t) => {
  const cluster = await startRedisCluster({ hasReplicas: true });
  const [, victim] = cluster.masters;
  const [, heir] = cluster.replicas;
  assert.ok(victim !== undefined && heir !== undefined);
  await withstands(t, cluster, portsOf(cluster.masters), async (whileAway) => {
    await victim.kill();
    whileAway();
    await eventually(() => isMaster(heir.port), 30_000);
  });
});

test('a master that Sentinel watches killed for good: its replica goes on with the messages in flight', async (t) => {
  const sentinel = await startRedisSentinel();
  await withstands(t, sentinel, [sentinel.master.port], async (whileAway) => {
    await sentinel.master.kill();
    whileAway();
    await eventually(() => isMaster(sentinel.replica.port), 30_000);
  });
});
