import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { redisCommand } from '@roomstream/testing/redis-command';
import { durable } from '@roomstream/testing/redis-server';
import type { Bus, Standing } from '../src/bus.ts';
import { formatStanding } from '../src/standing.ts';
import { UserRecords } from '../src/user-records.ts';
import { busFor, redisFor, TestConnection } from './bus-fixture.ts';

const standing = (ms: number): Standing => ({
  position: { ms, seq: 1 },
  added: 3,
  identity: 'F123456789012RoomRoomRoomIdIdIdIdIdId',
});

/** A bus of several shards, and a gateway that asks for others. */
async function stage(t: TestContext) {
  const redis = await redisFor(t, durable);
  const bus = await busFor(t, redis.url, 16);
  const room = newId();
  return { redis, bus, room, shard: bus.shardOf(room), asking: await openRecords(t, bus, 'asking') };
}

async function openRecords(t: TestContext, bus: Bus, id: string, places = new Map<number, Standing>()) {
  const log = openLog('test', 'silent');
  const records = await UserRecords.open<TestConnection>(bus, id, log, () => places);
  t.after(() => records.close());
  return records;
}

/** A gateway, without the time of its heartbeat. */
async function stateOf(
  records: Pick<UserRecords<TestConnection>, 'gateway'>,
  id: string,
  room: string,
): Promise<{ isAlive: boolean; place: Standing | undefined }> {
  const { isAlive, place } = await records.gateway(id, room);
  return { isAlive, place };
}

test('a gateway is alive with the places of its last heartbeat, and gone with nothing once it has closed', async (t) => {
  const { bus, room, shard, asking } = await stage(t);
  const places = new Map([[(shard + 1) % 16, standing(1)]]);
  const other = await openRecords(t, bus, 'other', places);
  assert.deepEqual(await stateOf(asking, 'other', room), { isAlive: true, place: undefined });
  places.set(shard, standing(2)).set((shard + 2) % 16, standing(3));
  for (const place of [standing(2), standing(4)]) {
    places.set(shard, place);
    await eventually(async () => {
      assert.deepEqual(await stateOf(asking, 'other', room), { isAlive: true, place });
    });
  }
  await other.close();
  await eventually(async () => {
    assert.deepEqual(await stateOf(asking, 'other', room), { isAlive: false, place: undefined });
  });
});

test('a gateway without a heartbeat for 15 s is dead, and its places are known for longer than anybody may come back', async (t) => {
  const { bus, room, shard, asking } = await stage(t);
  const beat = async (agoMs: number) => {
    const text = `${bus.clock.nowMs() - agoMs} ${shard}=${formatStanding(standing(7))}`;
    await bus.commands.set('gateway:dead:alive', text);
  };
  await beat(14_000);
  assert.deepEqual(await stateOf(asking, 'dead', room), { isAlive: true, place: standing(7) });
  await beat(16_000);
  await eventually(async () => {
    assert.deepEqual(await stateOf(asking, 'dead', room), { isAlive: false, place: standing(7) });
  });
  assert.ok((await bus.commands.pttl('gateway:asking:alive')) > 600_000);
  assert.deepEqual(await asking.gateway('unheard of', room), {
    isAlive: false,
    beatMs: undefined,
    place: undefined,
  });
});

test('thousands that ask for the same gateway at once cost one command', async (t) => {
  const { redis, room, asking } = await stage(t);
  await redisCommand(redis.port, 'CONFIG', 'RESETSTAT');
  await Promise.all(Array.from({ length: 5_000 }, () => asking.gateway('some', room)));
  const calls = /cmdstat_get:calls=(\d+)/.exec(await redisCommand(redis.port, 'INFO', 'commandstats'));
  assert.ok(Number(calls?.[1]) <= 2, `${calls?.[0]}`);
});

test('closing waits for what is to be written', async (t) => {
  const { bus, room, asking } = await stage(t);
  const endsMs = bus.clock.nowMs() + 30_000;
  const state = { kind: 'lost', beganMs: 0, endsMs, knownSinceMs: 0, certain: standing(5) } as const;
  const closing = await openRecords(t, bus, 'closing');
  for (let n = 0; n < 1_000; n++) closing.writeLater(new TestConnection(n, room, 'ann', state));
  await closing.close();
  assert.equal((await asking.read(room, 'ann')).records.length, 1_000);
});

test('closed while Redis is away, a gateway is dead rather than gone: its last places count', async (t) => {
  const { redis, bus, room, shard, asking } = await stage(t);
  const closing = await openRecords(t, bus, 'closing', new Map([[shard, standing(6)]]));
  await redis.kill();
  await eventually(() => bus.commands.status !== 'ready');
  closing.write(new TestConnection(1, room, 'ann', { kind: 'gone' }));
  await closing.close();
  await redis.restart();
  const found = await eventually(() => asking.gateway('closing', room), 20_000);
  assert.deepEqual(found.place, standing(6));
});
