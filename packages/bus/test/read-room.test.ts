import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { redisCommand } from '@roomstream/testing/redis-command';
import { durable } from '@roomstream/testing/redis-server';
import type { Bus, RoomPart, RoomRange } from '../src/bus.ts';
import type { Entry } from '../src/entry.ts';
import { formatPosition, parsePosition } from '../src/position.ts';
import { busFor, Collector, frame, redisFor } from './bus-fixture.ts';

const everything: RoomRange = {
  after: undefined,
  through: undefined,
  mostFrames: 10_000,
  mostBytes: 10_000_000,
  countsRest: true,
};

/** A bus of one shard, and its Redis. */
async function stage(t: TestContext) {
  const redis = await redisFor(t, durable);
  return { redis, bus: await busFor(t, redis.url, 1), room: newId() };
}

/** Publishes a frame in each of these rooms, in this order; the frames. */
async function say(bus: Bus, ...rooms: readonly string[]): Promise<Entry[]> {
  const frames = rooms.map((room) => frame(room));
  const outcomes = await Promise.all(frames.map((entry) => bus.publish([entry])));
  assert.ok(outcomes.every(({ kind }) => kind === 'published'));
  return frames;
}

/** Follows a room and publishes one frame in it: where the follower stands then. */
async function standingIn(bus: Bus, room: string) {
  const follower = bus.follow(new Collector());
  await follower.join(room);
  const last = parsePosition(await lastId(bus, room));
  return eventually(() => {
    const standing = follower.standingOf(room) ?? assert.fail('no standing');
    assert.deepEqual(standing.position, last);
    return standing;
  });
}

async function lastId(bus: Bus, room: string): Promise<string> {
  const [last] = await bus.commands.xrevrange(bus.keyOfRoom(room, 'room'), '+', '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}

const idsOf = ({ frames }: RoomPart): string[] => frames.map(({ id }) => id);
const ids = (entries: readonly Entry[]): string[] => entries.map(({ id }) => id);

test('the frames of a room, among those of others, as they were published', async (t) => {
  const { bus, room } = await stage(t);
  const other = newId();
  const said = await say(bus, ...Array.from({ length: 1_300 }, (_, i) => (i % 3 === 0 ? room : other)));
  const own = said.filter((entry) => entry.room === room);
  const rest = { account: '000000000000', room, body: 'x' };
  for (const kind of ['reply', 'probe', 'answer', 'room-changed', 'disconnect'] as const)
    await bus.publish([{ ...rest, kind, id: newId() }]);
  const part = await bus.readRoom(room, everything);
  assert.deepEqual(idsOf(part), ids(own));
  assert.deepEqual(
    { ...part, frames: [] },
    {
      frames: [],
      omitted: 0,
      isComplete: true,
      scannedTo: undefined,
      verdict: 'sound',
    },
  );
  const [first] = part.frames;
  assert.deepEqual({ ...first, body: first?.body.toString(), entryId: '' }, { ...own[0], entryId: '' });
  assert.deepEqual((await bus.readRoom(newId(), everything)).frames, []);
});

test('from where a follower stands to where it stood later: what it received between', async (t) => {
  const { bus, room } = await stage(t);
  const collector = new Collector();
  const follower = bus.follow(collector);
  await follower.join(room);
  const standings = [follower.standingOf(room) ?? assert.fail('no standing')];
  const counts = [0];
  for (let i = 0; i < 20; i++) {
    void say(bus, room, newId(), room);
    await eventually(() => collector.entries.length > (counts.at(-1) ?? 0));
    standings.push(follower.standingOf(room) ?? assert.fail('no standing'));
    counts.push(collector.entries.length);
  }
  await eventually(() => collector.entries.length === 40);
  for (let i = 0; i + 1 < standings.length; i++) {
    const range = { ...everything, after: standings[i], through: standings[i + 1]?.position };
    const part = await bus.readRoom(room, range);
    assert.deepEqual([part.verdict, idsOf(part)], ['sound', collector.ids().slice(counts[i], counts[i + 1])]);
  }
});

test('the newest of more than are wanted, and how many were left out', async (t) => {
  const { bus, room } = await stage(t);
  const said = await say(bus, ...Array.from({ length: 900 }, () => room));
  const few = { ...everything, mostFrames: 100 };
  const counted = await bus.readRoom(room, few);
  assert.deepEqual(idsOf(counted), ids(said.slice(-100)));
  assert.deepEqual([counted.omitted, counted.isComplete], [800, true]);
  const stopped = await bus.readRoom(room, { ...few, countsRest: false });
  assert.deepEqual([idsOf(stopped), stopped.isComplete], [ids(said.slice(-100)), false]);
  const { length } = said[0]?.body ?? '';
  const small = await bus.readRoom(room, { ...everything, mostBytes: 10 * length + 1 });
  assert.deepEqual([idsOf(small), small.omitted], [ids(said.slice(-10)), 890]);
});

test('what lies behind 50,000 entries of other rooms isn’t found, and that is told', async (t) => {
  const { bus, room } = await stage(t);
  await say(bus, room);
  const script = `for i = 1, 10000 do redis.call('XADD', KEYS[1], '*', 'e', ARGV[1]) end`;
  const entry = `F000000000000${newId()}${newId()}{}`;
  const stream = bus.keyOfRoom(room, 'room');
  for (let i = 0; i < 5; i++) await bus.commands.eval(script, 1, stream, entry);
  const [late] = await say(bus, room);
  const part = await bus.readRoom(room, everything);
  assert.deepEqual([idsOf(part), part.isComplete], [[late?.id], false]);
  const rest = await bus.readRoom(room, { ...everything, through: part.scannedTo });
  assert.deepEqual([rest.frames.length, rest.isComplete], [1, true]);
});

test('requests of one turn share their reading, whatever they want of a shard', async (t) => {
  const { redis, bus } = await stage(t);
  const rooms = Array.from({ length: 50 }, () => newId());
  const after = await standingIn(bus, rooms[0] as string);
  const said = await say(bus, ...rooms, ...rooms);
  await redisCommand(redis.port, 'CONFIG', 'RESETSTAT');
  const parts = await Promise.all(
    rooms.flatMap((room) => [
      bus.readRoom(room, { ...everything, after }),
      bus.readRoom(room, { ...everything, mostFrames: 1 }),
    ]),
  );
  const calls = /cmdstat_xrevrange:calls=(\d+)/.exec(await redisCommand(redis.port, 'INFO', 'commandstats'));
  assert.equal(calls?.[1], '1');
  const expected = rooms.flatMap((room) => {
    const own = ids(said.filter((entry) => entry.room === room));
    return [own, own.slice(-1)];
  });
  assert.deepEqual(parts.map(idsOf), expected);
});

test('those who come while others are read for get theirs all the same', async (t) => {
  const { bus, room } = await stage(t);
  const said = await say(bus, ...Array.from({ length: 3_000 }, () => room));
  const parts: Promise<RoomPart>[] = [];
  for (let i = 0; i < 40; i++) {
    const through = i % 2 === 0 ? undefined : parsePosition(await lastId(bus, room));
    parts.push(bus.readRoom(room, { ...everything, through, mostFrames: i % 3 === 0 ? 3_000 : 10 }));
  }
  for (const [i, part] of (await Promise.all(parts)).entries()) {
    assert.deepEqual(idsOf(part), ids(i % 3 === 0 ? said : said.slice(-10)));
    assert.ok(part.isComplete);
  }
});

test('what was trimmed behind a place is told; what was trimmed before it isn’t missed', async (t) => {
  const { bus, room } = await stage(t);
  await say(bus, room);
  const early = await standingIn(bus, room);
  await say(bus, room);
  const late = await standingIn(bus, room);
  const said = await say(bus, room, room);
  await bus.commands.xtrim(bus.keyOfRoom(room, 'room'), 'MAXLEN', 2);
  const parts = await Promise.all([early, late].map((after) => bus.readRoom(room, { ...everything, after })));
  assert.deepEqual(
    parts.map(({ verdict }) => verdict),
    ['trimmed', 'sound'],
  );
  for (const part of parts) assert.deepEqual(idsOf(part), ids(said));
});

test('a Redis that was killed and is back has all; while it is away reading rejects', async (t) => {
  const { redis, bus, room } = await stage(t);
  await say(bus, room);
  const after = await standingIn(bus, room);
  const said = await say(bus, room, newId(), room);
  await redis.kill();
  await assert.rejects(bus.readRoom(room, { ...everything, after }));
  await redis.restart();
  const part = await eventually(() => bus.readRoom(room, { ...everything, after }), 20_000);
  assert.deepEqual([part.verdict, idsOf(part)], ['sound', [said[0]?.id, said[2]?.id]]);
});

test('when Redis dies while rooms are read, all who wait are told, and what was there is read once it is back', async (t) => {
  const { redis, bus, room } = await stage(t);
  await say(bus, room);
  const after = await standingIn(bus, room);
  const said = await say(bus, ...Array.from({ length: 4_000 }, (_, i) => (i % 100 === 0 ? room : newId())));
  const range = { ...everything, after };
  const first = bus.readRoom(room, range);
  const reading = Promise.allSettled([first, ...said.map((entry) => bus.readRoom(entry.room, range))]);
  await redis.kill();
  const late = bus.readRoom(room, range);
  await assert.rejects(late);
  for (const outcome of await reading) {
    if (outcome.status === 'fulfilled')
      assert.ok(outcome.value.isComplete && outcome.value.verdict === 'sound');
  }
  await redis.restart();
  const part = await eventually(() => bus.readRoom(room, range), 20_000);
  assert.deepEqual([part.verdict, idsOf(part)], ['sound', ids(said.filter((entry) => entry.room === room))]);
});

test('a Redis that came back empty, and is used again, is told', async (t) => {
  const { bus, room } = await stage(t);
  await say(bus, room, room);
  const after = await standingIn(bus, room);
  await bus.commands.flushall();
  const empty = await bus.readRoom(room, { ...everything, after });
  assert.deepEqual([empty.verdict, empty.frames], ['ids-went-back', []]);
  const said = await say(bus, room, room, room);
  const part = await bus.readRoom(room, { ...everything, after });
  assert.deepEqual([part.verdict, idsOf(part)], ['ids-went-back', ids(said)]);
});

test('after a failover a place that the new master has is sound, one that it lacks is told', async (t) => {
  const master = await redisFor(t, [...durable, '--repl-diskless-sync-delay', '0']);
  const replica = await redisFor(t, [...durable, '--replicaof', '127.0.0.1', `${master.port}`]);
  const bus = await busFor(t, master.url, 1);
  const room = newId();
  await say(bus, room);
  const kept = await standingIn(bus, room);
  const replicated = await say(bus, room);
  const stream = bus.keyOfRoom(room, 'room');
  await eventually(async () => (await redisCommand(replica.port, 'XLEN', stream)) === '2');
  await redisCommand(replica.port, 'REPLICAOF', 'NO', 'ONE');
  await say(bus, room);
  const lost = await standingIn(bus, room);
  const next = await busFor(t, replica.url, 1);
  const said = await say(next, room);
  const [fromKept, fromLost] = await Promise.all(
    [kept, lost].map((after) => next.readRoom(room, { ...everything, after })),
  );
  assert.deepEqual(fromKept && [fromKept.verdict, idsOf(fromKept)], ['sound', ids([...replicated, ...said])]);
  // The reading goes back farther than the place: what was had before is known by its Id.
  assert.equal(fromLost?.verdict, 'ids-went-back');
  assert.equal(idsOf(fromLost).at(-1), said[0]?.id);
});

test('what a new master whose clock is behind has added before a place is found', async (t) => {
  const { bus, room } = await stage(t);
  await say(bus, room, room);
  const standing = await standingIn(bus, room);
  // The place was given by a master whose clock was 5 s ahead.
  const { ms, seq } = standing.position;
  const after = { ...standing, position: { ms: ms + 5_000, seq } };
  const said = await say(bus, room);
  const part = await bus.readRoom(room, { ...everything, after });
  assert.equal(part.verdict, 'ids-went-back');
  assert.ok(idsOf(part).includes(said[0]?.id as string));
  const through = parsePosition(part.frames[0]?.entryId ?? '');
  const first = await bus.readRoom(room, { ...everything, after, through });
  assert.deepEqual(
    first.frames.map(({ entryId }) => entryId),
    [formatPosition(through)],
  );
});
