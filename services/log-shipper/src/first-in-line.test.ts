import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstInLine } from './first-in-line.ts';

test('while one waits nobody else takes, until he has got it', () => {
  const line = new FirstInLine<string>();
  assert.equal(line.admits('b', 0), true);
  line.refused('a', 0);
  assert.deepEqual([line.admits('a', 1_000), line.admits('b', 1_000)], [true, false]);
  line.refused('b', 1_000);
  line.leave('b');
  assert.deepEqual([line.admits('a', 1_000), line.admits('b', 1_000)], [true, false]);
  line.leave('a');
  assert.deepEqual([line.admits('a', 1_000), line.admits('b', 1_000)], [true, true]);
});

test('who waits in vain stops nobody for longer than two seconds of twelve', () => {
  const line = new FirstInLine<string>();
  line.refused('a', 0);
  assert.equal(line.admits('b', 1_999), false);
  assert.equal(line.admits('b', 2_000), true);
  line.refused('a', 11_999);
  assert.equal(line.admits('b', 11_999), true);
  line.refused('a', 12_000);
  assert.equal(line.admits('b', 12_000), false);
});
