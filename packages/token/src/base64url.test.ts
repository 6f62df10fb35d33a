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
