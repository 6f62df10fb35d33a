import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { startRedisCluster } from '@roomstream/testing/redis-cluster';
import { UserRecords } from '../src/user-records.ts';
import { account, busFor, Collector, frame, TestConnection } from './bus-fixture.ts';

test('on a Cluster users’ records are kept, read and erased, and rooms are read, on all masters', async (t) => {
  const cluster = await startRedisCluster();
  t.after(() => cluster.stop());
  const bus = await busFor(t, cluster.url, 12);
  const rooms = Array.from({ length: 40 }, () => newId());
  const follower = bus.follow(new Collector());
  await Promise.all(rooms.map((room) => follower.join(room)));
  const places = new Map(
    rooms.map((room) => [bus.shardOf(room), follower.standingOf(room) ?? assert.fail('no standing')]),
  );
  const log = openLog('test', 'silent');
  const here = await UserRecords.open<TestConnection>(bus, 'here', log, () => places);
  const there = await UserRecords.open<TestConnection>(bus, 'there', log, () => new Map());
  t.after(() => Promise.all([here.close(), there.close()]));
  const open = {
    kind: 'open',
    beganMs: 0,
    endsMs: bus.clock.nowMs() + 60_000,
    knownSinceMs: 0,
    certain: undefined,
  } as const;
  for (const [n, room] of rooms.entries()) here.write(new TestConnection(n, room, 'ann', open));
  const membersOf = async () => {
    const found = await Promise.all(rooms.map((room) => there.read(room, 'ann')));
    return found.map(({ records }) => records.map(({ member }) => member).join());
  };
  await eventually(async () => {
    assert.deepEqual(
      await membersOf(),
      rooms.map((_, n) => `here/${n}`),
    );
  });
  const said = rooms.map((room) => frame(room));
  for (const entry of said) {
    const disconnect = { kind: 'disconnect', account, room: entry.room, id: newId(), body: 'ann' } as const;
    assert.equal((await bus.publish([entry, disconnect], 100)).kind, 'published');
  }
  assert.deepEqual(
    await membersOf(),
    rooms.map(() => ''),
  );
  const parts = await Promise.all(
    rooms.map(async (room) => {
      const { place } = await there.gateway('here', room);
      return bus.readRoom(room, {
        after: place,
        through: undefined,
        mostFrames: 10,
        mostBytes: 10_000,
        countsRest: true,
      });
    }),
  );
  for (const [n, { frames, verdict, isComplete }] of parts.entries()) {
    assert.deepEqual([frames.map(({ id }) => id), verdict, isComplete], [[said[n]?.id], 'sound', true]);
  }
});
