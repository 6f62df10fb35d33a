import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { redisCommand } from '@roomstream/testing/redis-command';
import { durable } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import type { LogLane } from '../src/log-group.ts';
import { account, busFor, frame, logQueue, logsTo, metric, redisFor, Shipper } from './bus-fixture.ts';

const shards = 32;

/** Publishes logged frames to new rooms of any shard; returns their ids. */
async function logSome(bus: Bus, configuration: string, count = 100, room?: string): Promise<string[]> {
  const entries = Array.from({ length: count }, () => frame(room ?? newId()));
  const logs = logsTo('drop-oldest', configuration);
  for (const entry of entries) assert.equal((await bus.publish([entry], undefined, logs)).kind, 'published');
  return entries.map(({ id }) => id);
}

/** A promise and what resolves it. */
function hold(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve?.() };
}

/** Reads a lane to its end and acknowledges it. */
async function ship(shipper: Shipper, lane: LogLane): Promise<string[]> {
  const entries = await shipper.group.read(lane, '', 10_000);
  const last = entries.at(-1)?.entryId;
  if (last !== undefined) assert.equal(await shipper.group.acknowledge(lane, last), 'acknowledged');
  return entries.map(({ id }) => id);
}

/** Each shard is owned, and by one shipper. */
function assertEachOwnedOnce(shippers: readonly Shipper[], count = shards): void {
  const owned = shippers.flatMap((shipper) => shipper.shards());
  const every = Array.from({ length: count }, (_, shard) => shard);
  assert.deepEqual(
    owned.toSorted((a, b) => a - b),
    every,
  );
  const leases = shippers.reduce((sum, shipper) => sum + shipper.group.ownedShards(), 0);
  assert.equal(leases, count);
}

test('a shipper gets the lanes of all shards with what was logged, reads them in order and in parts, and removes what is shipped', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, shards);
  const configuration = newId();
  const shipper = new Shipper(bus);
  const ids = await logSome(bus, configuration, 100);
  await eventually(() => shipper.group.backlog().records === 100);
  assert.ok(shipper.group.backlog().oldestMs < 60_000);
  const lanes = [...shipper.lanes.values()].flat();
  assert.ok(lanes.length > 10);
  assert.ok(lanes.every((lane) => lane.account === account && lane.configuration === configuration));
  const shipped: string[] = [];
  for (const lane of lanes) {
    const [first] = await shipper.group.read(lane, '', 1);
    assert.deepEqual([first?.entryId, first?.ms], [lane.oldestId, lane.oldestMs]);
    assert.deepEqual([first?.room.length, first?.body.toString()], [12, '{"Type":"MESSAGE"}']);
    const rest = await shipper.group.read(lane, lane.oldestId, 1_000);
    assert.equal(rest.length, lane.records - 1);
    assert.equal(await shipper.group.acknowledge(lane, lane.oldestId), 'acknowledged');
    // Again, as after a reply that was lost.
    assert.equal(await shipper.group.acknowledge(lane, lane.oldestId), 'acknowledged');
    assert.deepEqual(await shipper.group.read(lane, '', 1_000), rest);
    if (first !== undefined) shipped.push(first.id);
    shipped.push(...(await ship(shipper, lane)));
  }
  assert.deepEqual(shipped.toSorted(), ids.toSorted());
  await eventually(() => assert.deepEqual(shipper.group.backlog(), { records: 0, oldestMs: 0 }));
  await shipper.group.close();
  // Nothing stays behind but the room streams and the counters of leases.
  const left = await bus.commands.keys('*log*');
  assert.deepEqual(
    left.filter((key) => !key.endsWith('}:log-fence')),
    [],
  );
  assert.equal(await bus.commands.exists('{roomstream}:shippers'), 0);
});

test('a queue that was empty and gets records is found by the next poll, and by a shipper that knows nothing of it', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 4);
  const shipper = new Shipper(bus);
  const [configuration, room] = [newId(), newId()];
  for (let round = 0; round < 3; round++) {
    const ids = await logSome(bus, configuration, 2, room);
    assert.deepEqual(await ship(shipper, await shipper.lane(configuration)), ids);
    await eventually(() => shipper.group.backlog().records === 0);
  }
  await shipper.group.close();
});

test('from one shipper to three and back to one, each shard is owned by one at a time, and all within seconds', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, shards);
  const others = [await busFor(t, redis.url, shards), await busFor(t, redis.url, shards)] as const;
  const all = [new Shipper(bus)];
  // At no time two have one, as far as they know.
  const doubles = new Set<number>();
  const watch = setInterval(() => {
    const owned = all.flatMap((shipper) => shipper.shards());
    for (const shard of owned) if (owned.indexOf(shard) !== owned.lastIndexOf(shard)) doubles.add(shard);
  }, 5);
  t.after(() => clearInterval(watch));
  const allOwned = async (living: readonly Shipper[], what: string) => {
    const beganMs = performance.now();
    await eventually(() => {
      assertEachOwnedOnce(living);
      assert.ok(living.every((shipper) => shipper.shards().length > 0));
    }, 20_000);
    t.diagnostic(`${what}: ${Math.round(performance.now() - beganMs)} ms`);
  };
  await allOwned(all, 'the first owns all');
  for (const other of others) {
    all.push(new Shipper(other));
    await allOwned(all, `${all.length} share the shards`);
  }
  const living = [...all];
  for (const leaving of all.slice(1)) {
    living.splice(living.indexOf(leaving), 1);
    await leaving.group.stopTaking();
    assert.equal(leaving.group.ownedShards(), 0);
    await allOwned(living, `one has left, ${living.length} own all`);
  }
  assert.deepEqual([...doubles], []);
  await Promise.all(all.map(({ group }) => group.close()));
});

test('a shard that is given up keeps its lease until what is being shipped of it is acknowledged', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const other = await busFor(t, redis.url, 1);
  const [configuration, room] = [newId(), newId()];
  const ids = await logSome(bus, configuration, 3, room);
  const leaseMs = 1_500;
  const leaving = new Shipper(bus, leaseMs);
  const lane = await leaving.lane(configuration);
  const batch = await leaving.group.read(lane, '', 2);
  const { promise, resolve: shipped } = hold();
  leaving.holding = promise;
  const stopping = leaving.group.stopTaking();
  const next = new Shipper(other, leaseMs);
  const beganMs = performance.now();
  await eventually(() => performance.now() - beganMs > 2 * leaseMs);
  assert.equal(next.group.ownedShards(), 0);
  assert.equal(await leaving.group.acknowledge(lane, batch[1]?.entryId ?? ''), 'acknowledged');
  shipped();
  await stopping;
  assert.equal(await leaving.group.acknowledge(lane, batch[1]?.entryId ?? ''), 'lost');
  assert.deepEqual(await ship(next, await next.lane(configuration)), ids.slice(2));
  await next.group.close();
});

test('a shipper that was paused for longer than its lease finds its shards taken and can’t remove anything', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const other = await busFor(t, redis.url, 1);
  const [configuration, room] = [newId(), newId()];
  const ids = await logSome(bus, configuration, 5, room);
  const paused = new Shipper(bus, 1_500);
  const lane = await paused.lane(configuration);
  const batch = await paused.group.read(lane, '', 5);
  // As good as a process that stands still: the lease is another's, and it doesn't know.
  await bus.commands.set(bus.keyOfRoom(room, 'log-lease'), `${newId()}:7`, 'PX', 2_000);
  assert.equal(await paused.group.acknowledge(lane, batch[4]?.entryId ?? ''), 'lost');
  assert.deepEqual(paused.released, [0]);
  assert.equal(paused.group.ownedShards(), 0);
  assert.equal((await logQueue(bus, room, configuration)).length, 5);
  await paused.group.close();
  const next = new Shipper(other);
  assert.deepEqual(await ship(next, await next.lane(configuration)), ids);
  await next.group.close();
});

test('a shipper owns a shard until Redis says that the lease is another’s', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const [configuration, room] = [newId(), newId()];
  await logSome(bus, configuration, 1, room);
  const shipper = new Shipper(bus);
  const lane = await shipper.lane(configuration);
  assert.equal(await shipper.group.owns(lane), true);
  await bus.commands.set(bus.keyOfRoom(room, 'log-lease'), `${newId()}:7`, 'PX', 2_000);
  assert.equal(await shipper.group.owns(lane), false);
  assert.deepEqual(shipper.released, [0]);
  await shipper.group.close();
});

test('records that stand where a failover has cut the end off a queue are not removed by what was shipped before it', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const [configuration, room] = [newId(), newId()];
  const shipper = new Shipper(bus);
  const ids = await logSome(bus, configuration, 3, room);
  const lane = await shipper.lane(configuration);
  const batch = await shipper.group.read(lane, '', 3);
  const through = batch[2]?.entryId ?? '';
  // As on a replica that had the first record only, and whose clock is behind: the next one's id is below the lost ones'.
  const queue = bus.keyOfRoom(room, `log:${configuration}`);
  const first = batch[0]?.entryId ?? '';
  const rows = await bus.commands.xrange(queue, '-', '+');
  await bus.commands.del(queue);
  await bus.commands.xadd(queue, first, ...(rows[0]?.[1] ?? []));
  await bus.commands.xadd(queue, `${first}1`, ...(rows[1]?.[1] ?? []));
  assert.ok(Number(`${first}1`.split('-')[1]) < 100, 'the id is not below the one that was shipped');
  assert.equal(await shipper.group.acknowledge(lane, through), 'acknowledged');
  const again = await shipper.group.read(lane, '', 10);
  assert.deepEqual(
    again.map(({ id }) => id),
    ids.slice(0, 2),
  );
  assert.equal(await shipper.group.acknowledge(lane, again[1]?.entryId ?? ''), 'acknowledged');
  assert.deepEqual(await logQueue(bus, room, configuration), []);
  await shipper.group.close();
});

test('a lease that was lost is noticed by the next poll, and the shard is taken again only when what was shipped of it is over', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const shipper = new Shipper(bus);
  await eventually(() => shipper.group.ownedShards() === 1);
  const { promise, resolve: over } = hold();
  shipper.holding = promise;
  const lease = bus.keyOfRoom('', 'log-lease');
  const before = await bus.commands.get(lease);
  await bus.commands.del(lease);
  await eventually(() => shipper.released.length === 1);
  const beganMs = performance.now();
  await eventually(() => performance.now() - beganMs > 1_200);
  assert.equal(await bus.commands.get(lease), null);
  over();
  await eventually(() => shipper.group.ownedShards() === 1);
  assert.notEqual(await bus.commands.get(lease), before);
  await shipper.group.close();
});

test('a dead shipper’s shards go to the others when its leases end', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, shards);
  const dying = await busFor(t, redis.url, shards);
  const leaseMs = 1_500;
  const living = new Shipper(bus, leaseMs);
  const dead = new Shipper(dying, leaseMs);
  await eventually(() => dead.group.ownedShards() > 0 && living.group.ownedShards() < shards);
  await eventually(() => assertEachOwnedOnce([living, dead]));
  // It can't say anything any more.
  dying.commands.disconnect();
  const beganMs = performance.now();
  await eventually(() => assertEachOwnedOnce([living]), 20_000);
  t.diagnostic(`taken over after ${Math.round(performance.now() - beganMs)} ms, the lease is ${leaseMs} ms`);
  // By its own clock it knows as well.
  await eventually(() => assert.equal(dead.group.ownedShards(), 0));
  await living.group.close();
});

test('nothing logged is lost, and shards are owned again, after Redis was killed, frozen and emptied', async (t) => {
  const redis = await redisFor(t, durable);
  const bus = await busFor(t, redis.url, 4);
  const other = await busFor(t, redis.url, 4);
  const leaseMs = 2_000;
  const shippers = [new Shipper(bus, leaseMs), new Shipper(other, leaseMs)];
  const [configuration, room] = [newId(), newId()];
  const ids = await logSome(bus, configuration, 50, room);
  const logged = async () => (await logQueue(bus, room, configuration)).map((row) => row.split(' ')[1] ?? '');
  const lanes = () =>
    shippers.flatMap((one) => [...one.lanes.values()].flat().map((lane) => ({ one, lane })));
  // Shards may move once more, when the other one is heard of again.
  const shipAll = () =>
    eventually(() => {
      const found = lanes().find(({ lane }) => lane.configuration === configuration);
      return found === undefined ? assert.fail('nobody has the lane') : ship(found.one, found.lane);
    }, 20_000);

  await redis.kill();
  await redis.restart();
  await eventually(() => assertEachOwnedOnce(shippers, 4), 20_000);
  assert.deepEqual(await eventually(logged), ids);

  redis.freeze();
  const beganMs = performance.now();
  await eventually(() => performance.now() - beganMs > leaseMs + 1_000);
  assert.equal(shippers[0]?.group.ownedShards(), 0);
  redis.thaw();
  await eventually(() => assertEachOwnedOnce(shippers, 4), 20_000);
  assert.deepEqual(await shipAll(), ids);

  await redisCommand(redis.port, 'FLUSHALL');
  const later = await logSome(bus, configuration, 5, room);
  await eventually(() => assertEachOwnedOnce(shippers, 4), 20_000);
  await eventually(async () => assert.deepEqual(await logged(), later));
  assert.deepEqual(await shipAll(), later);
  await Promise.all(shippers.map(({ group }) => group.close()));
});

test('records that nobody can read are removed, and hold up nothing', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const bus = await busFor(t, redis.url, 1, registry);
  const [configuration, room] = [newId(), newId()];
  const shipper = new Shipper(bus);
  await bus.commands.xadd(bus.keyOfRoom(room, `log:${configuration}`), '1-1', 'e', 'X');
  await bus.commands.xadd(bus.keyOfRoom(room, `log:${configuration}`), '1-2', 'other', 'field');
  const [id] = await logSome(bus, configuration, 1, room);
  const lane = await shipper.lane(configuration);
  assert.deepEqual(
    (await shipper.group.read(lane, '', 2)).map((entry) => entry.id),
    [id],
  );
  assert.equal(await metric(registry, 'unreadable_entries_total'), 2);
  assert.equal((await logQueue(bus, room, configuration)).length, 1);
  await shipper.group.close();
});

test('a configuration whose queue somebody has deleted is forgotten', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const [configuration, room] = [newId(), newId()];
  const shipper = new Shipper(bus);
  await logSome(bus, configuration, 1, room);
  await shipper.lane(configuration);
  await bus.commands.del(bus.keyOfRoom(room, `log:${configuration}`));
  await eventually(() => shipper.group.backlog().records === 0);
  assert.deepEqual(await bus.commands.smembers(bus.keyOfRoom(room, 'logs')), []);
  await shipper.group.close();
});

test('a group that is closed while Redis is away ends all the same', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 4);
  const shipper = new Shipper(bus);
  await eventually(() => shipper.group.ownedShards() === 4);
  redis.freeze();
  const beganMs = performance.now();
  await shipper.group.close();
  assert.ok(performance.now() - beganMs < 8_000);
  redis.thaw();
});
