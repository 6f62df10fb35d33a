import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesBytes, isAttributes } from './attributes.ts';
import { codePoints } from './limits.ts';

test('characters are counted in code points', () => {
  for (const text of [
    '',
    'abc',
    'äöü',
    '👍',
    'a👍b👍',
    '👩‍👩‍👧',
    '\ud83d',
    'x\ud83dy',
    '\udc4d\ud83d',
    '\ud83d\ud83d\udc4d',
  ]) {
    assert.equal(codePoints(text), [...text].length, JSON.stringify(text));
  }
});

test('attributes are counted in UTF-8 bytes of keys and values', () => {
  assert.equal(attributesBytes({}), 0);
  assert.equal(attributesBytes({ color: 'red', ü: '👍' }), 8 + 2 + 4);
});

test('attributes map strings to strings', () => {
  assert.ok(isAttributes({}));
  assert.ok(isAttributes({ a: '' }));
  for (const value of [null, [], 'a', 1, { a: 1 }, { a: null }, { a: { b: 'c' } }]) {
    assert.equal(isAttributes(value), false, JSON.stringify(value));
  }
});
