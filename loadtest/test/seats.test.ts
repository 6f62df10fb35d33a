import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Crowd, type Role, seatCount, seatOf } from '../lib/pure/seats.ts';

const crowd: Crowd = { rooms: 3, chattersPerRoom: 2, moderators: 3, probes: 5, viewers: 10 };
const counts: readonly (readonly [Role, number])[] = [
  ['chatter', 6],
  ['moderator', 3],
  ['probe', 5],
  ['viewer', 10],
];

test('no seat is taken twice, whoever sits there and however often he has come back', () => {
  const indexes = counts.flatMap(([role, count]) =>
    Array.from({ length: count }, (_, n) =>
      [0, 1, 2].map((life) => seatOf(crowd, role, n, life).index),
    ).flat(),
  );
  assert.equal(new Set(indexes).size, indexes.length);
  assert.ok(Math.max(...indexes) < 3 * seatCount(crowd));
});

test('guests sit behind all others', () => {
  assert.equal(seatOf(crowd, 'guest', 0).index, seatCount(crowd));
  assert.equal(seatOf(crowd, 'guest', 7).index, seatCount(crowd) + 7);
});

test('each role spreads evenly over the rooms, and a member who comes back is in his room', () => {
  for (const [role, count] of counts) {
    for (let n = 0; n < count; n++) {
      assert.equal(seatOf(crowd, role, n).room, n % 3);
      assert.equal(seatOf(crowd, role, n, 4).room, n % 3);
    }
  }
});
