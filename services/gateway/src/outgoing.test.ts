import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Outgoing } from './outgoing.ts';
import { LocalRooms } from './rooms.ts';
import type { LocalRoom } from './session.ts';

let nowMs = 0;
let written: string[];
let batches: number[];
let deliveries: { readonly count: number; readonly seconds: number }[];
let room: LocalRoom;
let outgoing: Outgoing;

beforeEach(async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  nowMs = 0;
  written = [];
  batches = [];
  deliveries = [];
  const follower = { join: () => undefined, leave: () => undefined };
  const rooms = new LocalRooms({ get: async () => undefined }, follower, () => 0);
  room = await rooms.hold('000000000000', 'AAAAAAAAAAAA');
  room.size = 1_000;
  outgoing = new Outgoing({
    transport: { publish: (_topic, frame) => void written.push(frame.toString()) },
    metrics: {
      collected: (frames) => void batches.push(frames),
      written: (count, seconds) => void deliveries.push({ count, seconds }),
    },
    mostCollectingMs: 50,
    nowMs: () => nowMs,
  });
});
afterEach(() => mock.timers.reset());

/** How old frames are when they arrive. */
const frameAgeMs = 3;

/** Time passes. */
function pass(ms: number): void {
  nowMs += ms;
  mock.timers.tick(ms);
}

/** So many frames, one every so many milliseconds. */
function say(count: number, everyMs: number): string[] {
  const said = Array.from({ length: count }, (_, n) => `${nowMs}.${n}`);
  for (const text of said) {
    outgoing.add(room, Buffer.from(text), frameAgeMs);
    pass(everyMs);
  }
  return said;
}

test('frames of a quiet room are written at once', () => {
  const said: string[] = [];
  for (let n = 0; n < 5; n++) {
    said.push(...say(1, 0));
    assert.deepEqual(written, said);
    pass(1_000);
  }
  assert.deepEqual(batches, []);
});

test('frames of a busy room are written together, in order, none later than the setting', () => {
  const said = say(100, 20);
  assert.ok(written.length >= said.length - 3);
  pass(50);
  assert.deepEqual(written, said);
  assert.equal(Math.max(...batches), 3);
  assert.deepEqual(batches.slice(-10, -1), Array(9).fill(3));
});

test('what would be more than one write is written at once', () => {
  say(100, 20);
  pass(50);
  batches.length = 0;
  say(64, 0);
  assert.deepEqual(batches, [32, 32]);
  outgoing.add(room, Buffer.alloc(20_000, 'x'), frameAgeMs);
  assert.deepEqual(batches, [32, 32, 1]);
});

test('a step is done between the frames before it and those after it', () => {
  const steps: string[] = [];
  outgoing.between(room, () => steps.push('at once'));
  assert.deepEqual(steps, ['at once']);
  say(100, 20);
  pass(50);
  written.length = 0;
  say(1, 0);
  outgoing.between(room, () => written.push('step'));
  say(1, 0);
  assert.deepEqual(written, []);
  pass(50);
  assert.equal(written.length, 3);
  assert.equal(written[1], 'step');
});

test('flushing writes what waits, once, and the next frame goes its way', () => {
  say(100, 20);
  pass(50);
  const before = written.length;
  const said = say(2, 1);
  assert.equal(written.length, before);
  outgoing.flush(room);
  assert.deepEqual(written.slice(before), said);
  pass(1_000);
  outgoing.flush(room);
  outgoing.flushAll();
  assert.equal(written.length, before + 2);
  say(100, 20);
  outgoing.flushAll();
  assert.equal(written.length, before + 102);
});

test('every delivery counts with the time since its frame, or the oldest of those beside it, was published', () => {
  say(3, 1_000);
  assert.deepEqual(deliveries, Array(3).fill({ count: 1_000, seconds: 0.003 }));
  say(100, 20);
  pass(50);
  deliveries.length = 0;
  say(2, 10);
  pass(30);
  assert.deepEqual(deliveries, [{ count: 2_000, seconds: 0.053 }]);
});
