import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstExpiryMs } from '../src/mint-tokens.ts';

test('the first expiry is found among as many tokens as anybody mints', () => {
  const tokens = Array.from({ length: 500_000 }, (_, at) => ({ expiresMs: 1_000_000 - at }));
  assert.equal(firstExpiryMs(tokens), 500_001);
});
