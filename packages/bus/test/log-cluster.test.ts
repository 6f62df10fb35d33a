import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { startRedisCluster } from '@roomstream/testing/redis-cluster';
import { redisCommand } from '@roomstream/testing/redis-command';
import { startRedisSentinel } from '@roomstream/testing/redis-sentinel';
import type { RedisServer } from '@roomstream/testing/redis-server';
import type { Bus } from '../src/bus.ts';
import { busFor, frame, logsTo, Shipper } from './bus-fixture.ts';

const shards = 12;

/** Logs a frame of each of some rooms; returns their ids. */
async function logSome(bus: Bus, rooms: readonly string[], configuration: string): Promise<string[]> {
  const ids: string[] = [];
  for (const room of rooms) {
    const entry = frame(room);
    await eventually(async () => {
      const outcome = await bus.publish([entry], undefined, logsTo('drop-oldest', configuration));
      assert.equal(outcome.kind, 'published');
    }, 30_000);
    ids.push(entry.id);
  }
  return ids;
}

/** Reads and removes what the shippers find until it is everything, in any order and maybe twice. */
async function shipUntil(shippers: readonly Shipper[], ids: readonly string[]): Promise<void> {
  const shipped = new Set<string>();
  await eventually(async () => {
    for (const { group, lanes } of shippers) {
      for (const lane of [...lanes.values()].flat()) {
        const entries = await group.read(lane, '', 1_000);
        const last = entries.at(-1);
        if (last === undefined || (await group.acknowledge(lane, last.entryId)) === 'lost') continue;
        for (const { id } of entries) shipped.add(id);
      }
    }
    assert.deepEqual([...shipped].toSorted(), ids.toSorted());
  }, 30_000);
}

function assertEachOwnedOnce(shippers: readonly Shipper[], count: number): void {
  const owned = shippers.flatMap((shipper) => shipper.shards());
  assert.deepEqual(
    owned.toSorted((a, b) => a - b),
    Array.from({ length: count }, (_, shard) => shard),
  );
}

test('on a Cluster the shards of all masters are shipped by several shippers, and those of a master that dies when its replica has taken over', async (t) => {
  const cluster = await startRedisCluster({ hasReplicas: true });
  t.after(() => cluster.stop());
  const [one, two] = [await busFor(t, cluster.url, shards), await busFor(t, cluster.url, shards)];
  const shippers = [new Shipper(one), new Shipper(two)];
  await eventually(() => assertEachOwnedOnce(shippers, shards), 20_000);
  const rooms = Array.from({ length: 60 }, () => newId());
  const configurations = [newId(), newId()] as const;
  const logged = await logSome(one, rooms, configurations[0]);
  await shipUntil(shippers, logged);

  // Of the masters two live on: their shards stay with whom they are.
  const kept = await logSome(one, rooms, configurations[1]);
  // Until the replicas have it.
  for (const server of cluster.masters) await replicated(server);
  const dying = cluster.masters[1] as RedisServer;
  await dying.kill();
  const during = await logSome(one, rooms, configurations[1]);
  await shipUntil(shippers, [...kept, ...during]);
  await eventually(() => assertEachOwnedOnce(shippers, shards), 20_000);
  await eventually(() => {
    for (const { group } of shippers) assert.deepEqual(group.backlog(), { records: 0, oldestMs: 0 });
  });
});

test('behind Sentinel, shipping goes on at the promoted replica', async (t) => {
  const sentinel = await startRedisSentinel();
  t.after(() => sentinel.stop());
  const bus = await busFor(t, sentinel.url);
  const shipper = new Shipper(bus);
  const rooms = Array.from({ length: 12 }, () => newId());
  const configuration = newId();
  const before = await logSome(bus, rooms, configuration);
  await replicated(sentinel.master);
  await sentinel.master.kill();
  const after = await logSome(bus, rooms, configuration);
  await shipUntil([shipper], [...before, ...after]);
  assertEachOwnedOnce([shipper], 4);
});

/** Waits until the replicas of a master have all that it has now. */
async function replicated(master: RedisServer): Promise<void> {
  const info = () => redisCommand(master.port, 'INFO', 'replication');
  const own = Number(/master_repl_offset:([0-9]+)/.exec(await info())?.[1]);
  await eventually(async () => {
    const offsets = [...(await info()).matchAll(/[^_]offset=([0-9]+)/g)].map((match) => Number(match[1]));
    assert.ok(offsets.length > 0 && offsets.every((offset) => offset >= own));
  });
}
