import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seen } from './seen.ts';

const at = (ms: number) => ({ ms, seq: 0 });

test('an entry is remembered for at least ten seconds', () => {
  const seen = new Seen(at(0), 0);
  assert.equal(seen.add('a'), true);
  assert.equal(seen.add('a'), false);
  seen.turn(at(5), 9_999);
  seen.turn(at(10), 10_000);
  assert.equal(seen.add('a'), false);
  seen.turn(at(20), 20_000);
  assert.equal(seen.add('a'), true);
});

test('everything behind the oldest position is remembered', () => {
  const seen = new Seen(at(1), 0);
  assert.deepEqual(seen.oldest, at(1));
  seen.turn(at(10), 10_000);
  assert.deepEqual(seen.oldest, at(1));
  seen.turn(at(20), 20_000);
  assert.deepEqual(seen.oldest, at(10));
});
