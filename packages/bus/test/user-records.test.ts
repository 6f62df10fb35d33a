import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { durable } from '@roomstream/testing/redis-server';
import type { Bus, Standing } from '../src/bus.ts';
import { parsePosition } from '../src/position.ts';
import { type Places, type RecordState, UserRecords } from '../src/user-records.ts';
import { account, busFor, frame, redisFor, TestConnection } from './bus-fixture.ts';

const certain: Standing = {
  position: { ms: 5, seq: 1 },
  added: 3,
  identity: 'F123456789012RoomRoomRoomIdIdIdIdIdId',
};

/** A bus, and two gateways on it. */
async function stage(t: TestContext) {
  const redis = await redisFor(t, durable);
  const bus = await busFor(t, redis.url);
  const nowMs = bus.clock.nowMs();
  const open: RecordState = {
    kind: 'open',
    beganMs: 0,
    endsMs: nowMs + 60_000,
    knownSinceMs: nowMs,
    certain: undefined,
  };
  const lost: RecordState = {
    kind: 'lost',
    beganMs: 0,
    endsMs: nowMs + 30_000,
    knownSinceMs: nowMs,
    certain,
  };
  const [here, there] = [await openRecords(t, bus, 'here'), await openRecords(t, bus, 'there')];
  return { redis, bus, open, lost, here, there, room: newId() };
}

async function openRecords(t: TestContext, bus: Bus, gatewayId: string, places: Places = new Map()) {
  const records = await UserRecords.open<TestConnection>(
    bus,
    gatewayId,
    openLog('test', 'silent'),
    () => places,
  );
  t.after(() => records.close());
  return records;
}

type Records = Awaited<ReturnType<typeof openRecords>>;

/** The members of a user's records in order, those of lost connections in brackets. */
async function membersOf(records: Records, { recordedRoom, userId }: TestConnection): Promise<string> {
  const found = await records.read(recordedRoom, userId);
  const members = found.records.map(({ member, kind }) => (kind === 'lost' ? `(${member})` : member));
  return members.toSorted().join();
}

test('what 500 connections of one turn write is what another gateway reads, and each reader gets its own answer', async (t) => {
  const { here, there, room, open, lost } = await stage(t);
  const states = [open, lost, { kind: 'gone' } as const];
  const all = Array.from(
    { length: 500 },
    (_, n) => new TestConnection(n, room, `user ${n}`, states[n % 3] as RecordState),
  );
  for (const connection of all) here.write(connection);
  const expected = all.map((_, n) => [`here/${n}`, `(here/${n})`, ''][n % 3]);
  const read = () => Promise.all(all.map((connection) => membersOf(there, connection)));
  await eventually(async () => assert.deepEqual(await read(), expected));
  for (const connection of all) {
    connection.state = { kind: 'gone' };
    here.writeLater(connection);
  }
  await eventually(async () => assert.equal((await read()).join(''), ''));
});

test('a record is read as it was written, and the user’s other records stand beside it', async (t) => {
  const { bus, here, there, room, open, lost } = await stage(t);
  const one = new TestConnection(1, room, 'ann', open);
  const two = new TestConnection(2, room, 'ann', lost);
  here.write(one);
  there.write(two);
  const { records } = await eventually(async () => {
    const found = await here.read(room, 'ann');
    assert.equal(found.records.length, 2);
    return found;
  });
  const found = records.find(({ kind }) => kind === 'lost');
  const { writtenMs = 0 } = found ?? {};
  assert.deepEqual(found, { member: 'there/2', gateway: 'there', number: 2, writtenMs, ...lost });
  assert.ok(Math.abs(bus.clock.nowMs() - writtenMs) < 60_000);
  const other = records.find(({ kind }) => kind === 'open');
  assert.deepEqual([other?.member, other?.certain], ['here/1', undefined]);
  assert.deepEqual((await here.read(room, 'bob')).records, []);
  assert.deepEqual((await here.read(newId(), 'ann')).records, []);
});

test('a user who has returned takes the lost records with him', async (t) => {
  const { here, there, room, open, lost } = await stage(t);
  const gone = [1, 2, 3].map((n) => new TestConnection(n, room, 'ann', lost));
  for (const connection of gone) here.write(connection);
  const next = new TestConnection(7, room, 'ann', open);
  await eventually(async () => assert.equal((await here.read(room, 'ann')).records.length, 3));
  next.returnedFrom = 'here/1 here/3';
  there.write(next);
  await eventually(async () => assert.equal(await membersOf(here, next), '(here/2),there/7'));
});

test('what is written late is what is true then', async (t) => {
  const { here, there, room, open, lost } = await stage(t);
  const connection = new TestConnection(1, room, 'ann', open);
  here.write(connection);
  connection.state = lost;
  await eventually(async () => assert.equal(await membersOf(there, connection), '(here/1)'));
});

test('a user’s key lives as long as the last of his records, and one that has ended goes with the next write', async (t) => {
  const { bus, here, room, open, lost } = await stage(t);
  const key = bus.keyOfRoom(room, `users:${room}:ann`);
  const soon: RecordState = { ...lost, endsMs: bus.clock.nowMs() + 300 } as RecordState;
  here.write(new TestConnection(1, room, 'ann', soon));
  here.write(new TestConnection(2, room, 'ann', open));
  here.write(new TestConnection(3, room, 'ann', lost));
  await eventually(async () => assert.equal(await bus.commands.hlen(key), 3));
  assert.equal(await bus.commands.pexpiretime(key), open.kind === 'open' && open.endsMs);
  await eventually(async () => assert.equal((await here.read(room, 'ann')).records.length, 2));
  here.write(new TestConnection(4, room, 'ann', open));
  await eventually(async () => {
    assert.deepEqual((await bus.commands.hkeys(key)).toSorted(), ['here/2', 'here/3', 'here/4']);
  });
});

test('what couldn’t be written while Redis was away is written after it is back', async (t) => {
  const { redis, bus, here, there, room, open } = await stage(t);
  const all = Array.from({ length: 250 }, (_, n) => new TestConnection(n, room, `user ${n}`, open));
  await redis.kill();
  await eventually(() => bus.commands.status !== 'ready');
  await assert.rejects(there.read(room, 'somebody'));
  await assert.rejects(there.gateway('here', room));
  for (const connection of all) here.write(connection);
  await redis.restart();
  await eventually(async () => {
    const members = await Promise.all(all.map((connection) => membersOf(there, connection)));
    assert.deepEqual(
      members,
      all.map(({ number }) => `here/${number}`),
    );
  }, 30_000);
});

test('disconnecting a user erases his records in the room with the entry that does it, and no others', async (t) => {
  const { bus, here, room, open, lost } = await stage(t);
  const ann = new TestConnection(1, room, 'ann', lost);
  const others = [new TestConnection(2, room, 'bob', open), new TestConnection(3, newId(), 'ann', open)];
  for (const connection of [ann, ...others]) here.write(connection);
  await eventually(async () => assert.equal(await membersOf(here, ann), '(here/1)'));
  const disconnect = { kind: 'disconnect', account, room, id: newId(), body: 'ann' } as const;
  assert.equal((await bus.publish([frame(room), disconnect], 10)).kind, 'published');
  const found = await here.read(room, 'ann');
  const [last] = await bus.commands.xrevrange(bus.keyOfRoom(room, 'room'), '+', '-', 'COUNT', 1);
  assert.deepEqual(found, { records: [], erasedThrough: parsePosition(last?.[0] ?? '') });
  for (const other of others) assert.equal(await membersOf(here, other), `here/${other.number}`);
  // It outlives every record of a lost connection, and what is written later.
  here.write(new TestConnection(4, room, 'ann', lost));
  await eventually(async () => assert.equal(await membersOf(here, ann), '(here/4)'));
  assert.deepEqual((await here.read(room, 'ann')).erasedThrough, found.erasedThrough);
  assert.ok((await bus.commands.pttl(bus.keyOfRoom(room, `users:${room}:ann`))) > 890_000);
});

test('several publishes of one command erase what each of them disconnects', async (t) => {
  const { bus, here, room, open } = await stage(t);
  const users = Array.from(
    { length: 20 },
    (_, n) => new TestConnection(n, n % 2 ? room : newId(), `u${n}`, open),
  );
  for (const connection of users) here.write(connection);
  await eventually(async () => assert.equal(await membersOf(here, users[19] as TestConnection), 'here/19'));
  const outcomes = users.map(({ recordedRoom, userId }, n) => {
    const disconnect = {
      kind: 'disconnect',
      account,
      room: recordedRoom,
      id: newId(),
      body: userId,
    } as const;
    return bus.publish(n % 4 < 2 ? [disconnect] : [frame(recordedRoom)], n % 3 ? 100 : undefined);
  });
  assert.ok((await Promise.all(outcomes)).every(({ kind }) => kind === 'published'));
  const left = await Promise.all(users.map((connection) => membersOf(here, connection)));
  assert.deepEqual(
    left,
    users.map((_, n) => (n % 4 < 2 ? '' : `here/${n}`)),
  );
});

test('a disconnect that the rate of the room refuses erases nothing', async (t) => {
  const { bus, here, room, open } = await stage(t);
  const ann = new TestConnection(1, room, 'ann', open);
  here.write(ann);
  await eventually(async () => assert.equal(await membersOf(here, ann), 'here/1'));
  await bus.publish([frame(room)], 1);
  const disconnect = { kind: 'disconnect', account, room, id: newId(), body: 'ann' } as const;
  assert.equal((await bus.publish([disconnect], 1)).kind, 'rate-exceeded');
  assert.equal(await membersOf(here, ann), 'here/1');
});
