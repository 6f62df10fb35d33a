import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { type RedisCluster, startRedisCluster } from '@roomstream/testing/redis-cluster';
import { redisCommand } from '@roomstream/testing/redis-command';
import type { RedisServer } from '@roomstream/testing/redis-server';
import type { Bus, Published } from '../src/bus.ts';
import { frame, logQueue, logsTo, openTestBus } from './bus-fixture.ts';

// While some slot has no master, as in the middle of a failover, a Cluster that wants full coverage answers CLUSTERDOWN.
// The client library, unless told otherwise, sends such a command again 100 ms later.

let cluster: RedisCluster;
let master: RedisServer;
let bus: Bus;

before(async () => {
  cluster = await startRedisCluster({ masters: 1, args: ['--cluster-require-full-coverage', 'yes'] });
  master = cluster.masters[0] as RedisServer;
  bus = await openTestBus(cluster.url);
});

after(async () => {
  await bus?.close();
  await cluster?.stop();
});

/** Takes one slot from its master, or gives it back; resolves once the Cluster is down or up. */
async function become(state: 'fail' | 'ok'): Promise<void> {
  await redisCommand(master.port, 'CLUSTER', state === 'fail' ? 'DELSLOTS' : 'ADDSLOTS', 0);
  await eventually(async () =>
    (await redisCommand(master.port, 'CLUSTER', 'INFO')).includes(`cluster_state:${state}`),
  );
}

/** How many commands were answered CLUSTERDOWN. */
async function refused(): Promise<number> {
  const stats = await redisCommand(master.port, 'INFO', 'errorstats');
  return Number(/errorstat_CLUSTERDOWN:count=([0-9]+)/.exec(stats)?.[1] ?? 0);
}

/** Publishes while the Cluster is down, which it is for `downMs` from then on; resolves when it is up. */
async function publishWhileDown(downMs: number, publish: () => Promise<Published>) {
  await become('fail');
  const sofar = await refused();
  const up = delay(downMs);
  const outcome = publish();
  await eventually(async () => (await refused()) > sofar);
  await up;
  await become('ok');
  return { outcome };
}

async function idsInStream(room: string): Promise<string[]> {
  const rows = await bus.commands.xrange(bus.keyOfRoom(room, 'room'), '-', '+');
  const entries = rows.map(([, fields]) => fields[1] ?? '');
  return entries.filter((entry) => entry.slice(13, 25) === room).map((entry) => entry.slice(25, 37));
}

test('what is published right after a Cluster was down doesn’t overtake what was published while it was', async () => {
  const room = newId();
  const ids: string[] = [];
  for (let round = 0; round < 5; round++) {
    const [first, second] = [frame(room), frame(room)];
    const { outcome } = await publishWhileDown(40, () => bus.publish([first]));
    assert.equal((await bus.publish([second])).kind, 'published');
    assert.equal((await outcome).kind, 'published');
    ids.push(first.id, second.id);
    assert.deepEqual(await idsInStream(room), ids);
  }
});

test('what is published while a Cluster is down for longer than a command may take is added once, to its logs too', async () => {
  const room = newId();
  const configuration = newId();
  const ids: string[] = [];
  for (let round = 0; round < 3; round++) {
    const entry = frame(room);
    const publish = () => bus.publish([entry], undefined, logsTo('block', configuration));
    const { outcome } = await publishWhileDown(1_010, publish);
    assert.equal((await outcome).kind, 'published');
    ids.push(entry.id);
    // What nobody waits for can't be waited for: this is when the library would have sent it again, and longer.
    await delay(300);
    assert.deepEqual(await idsInStream(room), ids);
    const logged = await logQueue(bus, room, configuration);
    assert.deepEqual(
      logged.map((row) => row.split(' ')[1]),
      ids,
    );
  }
});
