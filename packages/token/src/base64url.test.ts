import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64url } from './base64url.ts';

test('only the one canonical text of some bytes is decoded', () => {
  assert.deepEqual(decodeBase64url('_-8'), Buffer.of(0xff, 0xef));
  assert.deepEqual(decodeBase64url(''), Buffer.alloc(0));
  // Unused bits, padding, the other alphabet, spaces, a length that no bytes have, characters beyond ASCII.
  for (const text of ['_-9', '_-8=', '/+8', '_-8 ', ' _-8', '_-8_-', '_-8\n', '_é8', '_-8.', 'ＡＡＡＡ'])
    assert.equal(decodeBase64url(text), undefined, text);
});

test('every text that is decoded is what encoding its bytes gives, and no other is decoded', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const begin of ['', 'x', 'xy', 'xyz', 'xyzx']) {
    for (const letter of letters) {
      const text = begin + letter;
      const bytes = Buffer.from(text, 'base64url');
      const expected = bytes.toString('base64url') === text ? bytes : undefined;
      assert.deepEqual(decodeBase64url(text), expected, text);
    }
  }
});
