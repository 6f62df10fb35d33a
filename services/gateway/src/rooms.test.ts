import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Room } from '@roomstream/store/records';
import type { ChatToken } from '@roomstream/token/token';
import { LocalRooms } from './rooms.ts';
import { Session } from './session.ts';

const account = '000000000000';
const id = 'AAAAAAAAAAAA';

function record(maximumMessageLength: number): Room {
  return {
    account,
    id,
    name: '',
    createTimeMs: 0,
    updateTimeMs: 0,
    maximumMessageRatePerSecond: 10,
    maximumMessageLength,
    messageReviewHandler: undefined,
    loggingConfigurationIds: [],
    tags: {},
  };
}

const token: ChatToken = {
  id: 'TTTTTTTTTTTT',
  account,
  room: id,
  userId: 'ann',
  attributes: { mood: 'fine' },
  capabilities: ['SEND_MESSAGE'],
  tokenExpiresMs: 1,
  sessionExpiresMs: 2,
};

/** A store whose reads end when they are told to, and a follower that counts. */
function parts() {
  const reads: { answer(record: Room | undefined): void; fail(): void }[] = [];
  const joined: string[] = [];
  const follower = {
    join: (room: string): Promise<void> | undefined => void joined.push(`join ${room}`),
    leave: (room: string) => void joined.push(`leave ${room}`),
  };
  const source = {
    get: () =>
      new Promise<Room | undefined>((answer, reject) => {
        reads.push({ answer, fail: () => reject(new Error('away')) });
      }),
  };
  return { reads, joined, follower, rooms: new LocalRooms(source, follower, () => 0) };
}

test('a room is joined at its first hold and left at its last', async () => {
  const { rooms, joined } = parts();
  const room = await rooms.hold(account, id);
  assert.equal(await rooms.hold(account, id), room);
  rooms.release(room);
  assert.deepEqual(joined, [`join ${id}`]);
  rooms.release(room);
  assert.deepEqual(joined, [`join ${id}`, `leave ${id}`]);
  assert.equal(rooms.size, 0);
});

test('a join that fails holds nothing, and the next hold tries again', async () => {
  const { rooms, follower } = parts();
  const join = follower.join;
  follower.join = () => Promise.reject(new Error('away'));
  const held = await Promise.allSettled([rooms.hold(account, id), rooms.hold(account, id)]);
  assert.deepEqual(
    held.map((one) => one.status),
    ['rejected', 'rejected'],
  );
  assert.equal(rooms.size, 0);
  follower.join = join;
  assert.equal((await rooms.hold(account, id)).holds, 1);
});

test('a record is read once and then at hand, until the room changes', async () => {
  const { rooms, reads } = parts();
  const room = await rooms.hold(account, id);
  const [first, second] = [rooms.record(room), rooms.record(room)];
  assert.equal(reads.length, 1);
  reads[0]?.answer(record(500));
  assert.equal((await first)?.maximumMessageLength, 500);
  assert.equal((await second)?.maximumMessageLength, 500);
  assert.equal((rooms.record(room) as Room).maximumMessageLength, 500);
  rooms.invalidate(id);
  const third = rooms.record(room);
  assert.equal(reads.length, 2);
  reads[1]?.answer(undefined);
  assert.equal(await third, undefined);
  assert.equal(rooms.record(room), undefined);
  assert.equal(reads.length, 2, 'that it is deleted is remembered as well');
});

test('a read that began before a change never fills the cache', async () => {
  const { rooms, reads } = parts();
  const room = await rooms.hold(account, id);
  const early = rooms.record(room);
  rooms.invalidate(id);
  const late = rooms.record(room);
  reads[1]?.answer(record(200));
  assert.equal((await late)?.maximumMessageLength, 200);
  reads[0]?.answer(record(100));
  await early;
  assert.equal((rooms.record(room) as Room).maximumMessageLength, 200);
});

test('a failed read is told to who waits, and the next one reads again', async () => {
  const { rooms, reads } = parts();
  const room = await rooms.hold(account, id);
  const failing = assert.rejects(async () => rooms.record(room));
  reads[0]?.fail();
  await failing;
  void rooms.record(room);
  assert.equal(reads.length, 2);
});

test('sessions of a user are found by room and user, and gone after their exit', async () => {
  const { rooms, joined } = parts();
  const room = await rooms.hold(account, id);
  await rooms.hold(account, id);
  await rooms.hold(account, id);
  const [one, two, other] = [
    new Session(1, token, room, ''),
    new Session(2, token, room, ''),
    new Session(3, { ...token, userId: 'bob' }, room, ''),
  ];
  for (const session of [one, two, other]) rooms.enter(session);
  assert.deepEqual(rooms.sessionsOf(room, 'ann'), [one, two]);
  rooms.exit(one);
  assert.deepEqual(rooms.sessionsOf(room, 'ann'), [two]);
  rooms.exit(two);
  assert.deepEqual(rooms.sessionsOf(room, 'ann'), []);
  assert.equal(room.size, 1);
  rooms.exit(other);
  assert.deepEqual(joined.at(-1), `leave ${id}`);
});

test('a record is read again after 15 s of use, should the announcement of a change have been lost', async (t) => {
  let nowMs = 1_000;
  t.mock.method(performance, 'now', () => nowMs);
  const { rooms, reads } = parts();
  const room = await rooms.hold(account, id);
  const first = rooms.record(room);
  reads[0]?.answer(record(500));
  await first;
  nowMs += 14_999;
  assert.equal((rooms.record(room) as Room).maximumMessageLength, 500);
  nowMs += 1;
  const second = rooms.record(room);
  reads[1]?.answer(record(100));
  assert.equal((await second)?.maximumMessageLength, 100);
});
