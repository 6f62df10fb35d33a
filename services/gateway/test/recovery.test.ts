import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
let one: Gateway;
let two: Gateway;

before(async () => {
  stage = await openStage({ ROOMSTREAM_GATEWAY_REFRESH_OVERLAP_MS: '50' });
  one = await stage.gateway();
  two = await stage.gateway();
});
after(() => stage.close());

/** Whether records of the user in the room say so. */
async function records(room: string, userId: string): Promise<readonly string[]> {
  const all = await stage.bus.commands.hgetall(stage.bus.keyOfRoom(room, `users:${room}:${userId}`));
  return Object.values(all);
}

const isRecorded = (room: string, userId: string) =>
  eventually(async () => assert.ok((await records(room, userId)).length > 0));

for (const [where, next] of [
  ['the same gateway', () => one],
  ['another gateway', () => two],
] as const) {
  test(`who comes back to ${where} after a drop gets what was said meanwhile, in order, and what comes then`, async () => {
    const room = await stage.room({ maximumMessageRatePerSecond: 100 });
    const [ann, bob] = [await stage.client(one, room, 'ann'), await stage.client(one, room, 'bob')];
    await bob.answer(bob.say('before'));
    await ann.frame(({ Content }) => Content === 'before');
    await isRecorded(room, 'ann');
    ann.terminate();
    await eventually(async () => assert.match((await records(room, 'ann'))[0] ?? '', / lost /));
    for (let n = 0; n < 20; n++) await bob.answer(bob.say(`${n}`));
    const back = await stage.client(next(), room, 'ann');
    await bob.answer(bob.say('after'));
    await back.frame(({ Content }) => Content === 'after');
    const expected = [...Array.from({ length: 20 }, (_, n) => `${n}`), 'after'];
    // What was in flight at the drop counts as missed: its client drops it by Id.
    assert.deepEqual(
      back.contents().filter((text) => text !== 'before'),
      expected,
    );
    bob.terminate();
    back.terminate();
  });
}

test('who closes his connection has left: he gets nothing when he comes again', async () => {
  const room = await stage.room();
  const [ann, bob] = [await stage.client(one, room, 'ann'), await stage.client(one, room, 'bob')];
  await isRecorded(room, 'ann');
  ann.socket.close(1000);
  await eventually(async () => assert.deepEqual(await records(room, 'ann'), []));
  await bob.answer(bob.say('meanwhile'));
  const again = await stage.client(two, room, 'ann');
  await bob.answer(bob.say('after'));
  await again.frame(({ Content }) => Content === 'after');
  assert.deepEqual(again.contents(), ['after']);
  for (const client of [again, bob]) client.terminate();
});

test('a connection that doesn’t answer is given up: the next one gets what it may have missed', async () => {
  const room = await stage.room({ maximumMessageRatePerSecond: 100 });
  const [ann, bob] = [await stage.client(one, room, 'ann'), await stage.client(one, room, 'bob')];
  await isRecorded(room, 'ann');
  ann.socket.pause();
  for (let n = 0; n < 5; n++) await bob.answer(bob.say(`${n}`));
  const lostBefore = await metric(two, 'roomstream_probes_total', { outcome: 'lost' }).catch(() => 0);
  const next = await stage.client(two, room, 'ann');
  await bob.answer(bob.say('after'));
  await next.frame(({ Content }) => Content === 'after');
  assert.deepEqual(next.contents(), ['0', '1', '2', '3', '4', 'after']);
  assert.equal(await metric(two, 'roomstream_probes_total', { outcome: 'lost' }), lostBefore + 1);
  for (const client of [ann, next, bob]) client.terminate();
});

test('history is what a newcomer asks for, in rooms that have it', async () => {
  const open = await stage.room({ maximumMessageRatePerSecond: 100, tags: { 'roomstream:history': 'on' } });
  const closed = await stage.room({ maximumMessageRatePerSecond: 100 });
  for (const [room, expected] of [
    [open, ['3', '4', 'after']],
    [closed, ['after']],
  ] as const) {
    const bob = await stage.client(one, room, 'bob');
    for (let n = 0; n < 5; n++) await bob.answer(bob.say(`${n}`));
    const ann = await stage.client(two, room, 'ann', {}, {}, '/?history=2');
    await bob.answer(bob.say('after'));
    await ann.frame(({ Content }) => Content === 'after');
    assert.deepEqual(ann.contents(), expected);
    for (const client of [ann, bob]) client.terminate();
  }
});

test('a parameter that is wrong is refused by name, before the token is used', async () => {
  const room = await stage.room();
  await assert.rejects(stage.client(one, room, 'ann', {}, {}, '/?history=101'), {
    status: 400,
    message: /history is "101", it must be a whole number from 0 to 100/,
  });
});

test('at a full drain users return with everything that was said', async () => {
  const three = await stage.gateway();
  const room = await stage.room({ maximumMessageRatePerSecond: 100 });
  const [ann, bob] = [await stage.client(three, room, 'ann'), await stage.client(one, room, 'bob')];
  await isRecorded(room, 'ann');
  const stopped = three.stop();
  await ann.frame(({ ErrorCode }) => ErrorCode === 401);
  await bob.answer(bob.say('meanwhile'));
  // As official clients do.
  ann.socket.close(1000);
  await stopped;
  const back = await stage.client(two, room, 'ann');
  await bob.answer(bob.say('after'));
  await back.frame(({ Content }) => Content === 'after');
  assert.deepEqual(back.contents(), ['meanwhile', 'after']);
  for (const client of [back, bob]) client.terminate();
});
