import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainRounds } from './drain.ts';

const sum = (rounds: readonly number[]) => rounds.reduce((a, b) => a + b, 0);

test('rounds together send every connection away, and none is larger than needed', () => {
  for (const connections of [1, 7, 25, 26, 999, 50_000]) {
    const rounds = drainRounds(connections, { drainMs: 25_000, roundMs: 1_000, mostPerSecond: 50_000 });
    assert.equal(sum(rounds), connections);
    assert.ok(rounds.length <= 25);
    assert.ok(Math.max(...rounds) <= Math.ceil(connections / 25));
  }
});

test('without a window all go in one round, and without connections there is none', () => {
  assert.deepEqual(drainRounds(40, { drainMs: 0, roundMs: 1_000, mostPerSecond: 1_000 }), [40]);
  assert.deepEqual(drainRounds(0, { drainMs: 25_000, roundMs: 1_000, mostPerSecond: 50_000 }), []);
});

test('a drain takes longer than its window rather than send away more than a second may have', () => {
  const rounds = drainRounds(2_000, { drainMs: 2_000, roundMs: 200, mostPerSecond: 250 });
  assert.equal(sum(rounds), 2_000);
  assert.equal(rounds.length, 40);
  assert.ok(Math.max(...rounds) <= 50);
  // Never none: a bound below one in a round is one in a round.
  assert.deepEqual(drainRounds(3, { drainMs: 0, roundMs: 100, mostPerSecond: 1 }), [1, 1, 1]);
});
