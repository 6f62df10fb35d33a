import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText } from './address-text.ts';

test('the bytes of an address are rendered as the usual text', () => {
  assert.equal(addressText(new Uint8Array([127, 0, 0, 1])), '127.0.0.1');
  assert.equal(
    addressText(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4])),
    '1.2.3.4',
  );
  assert.equal(
    addressText(new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
    '2001:db8:0:0:0:0:0:1',
  );
});
