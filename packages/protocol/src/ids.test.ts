import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isId, newId } from './ids.ts';

test('ids are 12 characters of [a-zA-Z0-9], all of them used, none seen twice in 100,000', () => {
  const seen = new Set<string>();
  const letters = new Set<string>();
  for (let i = 0; i < 100_000; i++) {
    const id = newId();
    assert.match(id, /^[a-zA-Z0-9]{12}$/);
    assert.ok(isId(id));
    seen.add(id);
    for (const letter of id) letters.add(letter);
  }
  assert.equal(seen.size, 100_000);
  assert.equal(letters.size, 62);
});

test('no letter is likelier than another', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 62_000; i++)
    for (const letter of newId()) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  // 12,000 of each are expected; five standard deviations are 550.
  for (const [letter, count] of counts) assert.ok(Math.abs(count - 12_000) < 600, `${letter}: ${count}`);
});

test('other lengths and letters are no ids', () => {
  for (const text of ['', 'abc', 'abcdefghijklm', 'abcdefghijk-', 'abcdefghijk\n'])
    assert.equal(isId(text), false);
});
