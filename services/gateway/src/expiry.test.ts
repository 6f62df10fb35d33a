import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiryWheel } from './expiry.ts';

test('an item is due after its end and within a second of it', () => {
  const wheel = new ExpiryWheel<{ expiresMs: number }>();
  const item = { expiresMs: 5_300 };
  wheel.add(item);
  assert.deepEqual(wheel.due(5_300), []);
  assert.deepEqual(wheel.due(6_000), [item]);
  assert.deepEqual(wheel.due(60_000), [item], 'a late turn misses nothing');
});

test('what was removed is not due, and removing it again changes nothing', () => {
  const wheel = new ExpiryWheel<{ expiresMs: number }>();
  const [one, other] = [{ expiresMs: 100 }, { expiresMs: 200 }];
  wheel.add(one);
  wheel.add(other);
  wheel.remove(one);
  wheel.remove(one);
  assert.equal(wheel.size, 1);
  assert.deepEqual(wheel.due(10_000), [other]);
  assert.deepEqual([...wheel], [other]);
});

test('any number of items may end in the same second', () => {
  const wheel = new ExpiryWheel<{ expiresMs: number }>();
  for (let i = 0; i < 300_000; i++) wheel.add({ expiresMs: 5_000 });
  assert.equal(wheel.due(6_000).length, 300_000);
});
