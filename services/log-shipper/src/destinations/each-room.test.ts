import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eachRoom } from './each-room.ts';

const rooms = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ account: '', room: `${at}`, records: [] }));
const signal = new AbortController().signal;
const reasonOf = () => 'error' as const;

test('outcomes stand in the order of the rooms, and no more than the bound are under way', async () => {
  let underWay = 0;
  let most = 0;
  const deliver = async ({ room }: { room: string }) => {
    most = Math.max(most, ++underWay);
    await delay(5 - (Number(room) % 5));
    underWay--;
    if (room === '7') throw new Error('seven');
    return Number(room);
  };
  const outcomes = await eachRoom(rooms(20), { atOnce: 3, signal, deliver, reasonOf });
  assert.equal(most, 3);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'delivered' ? outcome.rejected : outcome.reason)),
    Array.from({ length: 20 }, (_, at) => (at === 7 ? 'error' : at)),
  );
});

test('a destination that is down is asked a few times, not once per room', async () => {
  let asked = 0;
  const deliver = async () => {
    asked++;
    throw new Error('down');
  };
  const outcomes = await eachRoom(rooms(1_000), { atOnce: 4, signal, deliver, reasonOf });
  assert.equal(outcomes.length, 1_000);
  assert.ok(outcomes.every((outcome) => outcome.kind === 'failed'));
  assert.ok(asked >= 4 && asked <= 8, `${asked}`);
});

test('rooms that fail alone don’t keep the others from being delivered', async () => {
  const deliver = async ({ room }: { room: string }) => {
    if (Number(room) % 2 === 1) throw new Error('odd');
    return 0;
  };
  const outcomes = await eachRoom(rooms(100), { atOnce: 4, signal, deliver, reasonOf });
  assert.equal(outcomes.filter((outcome) => outcome.kind === 'delivered').length, 50);
});

test('when the signal aborts, what hangs or hasn’t begun is a timeout at once', async () => {
  const controller = new AbortController();
  let begun = 0;
  const deliver = async ({ room }: { room: string }) => {
    if (++begun === 4) controller.abort();
    return room === '0' ? 0 : new Promise<number>(() => undefined);
  };
  const outcomes = await eachRoom(rooms(100), { atOnce: 3, signal: controller.signal, deliver, reasonOf });
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.reason : outcome.kind)),
    ['delivered', ...Array.from({ length: 99 }, () => 'timeout')],
  );
  assert.equal(begun, 4);
});
