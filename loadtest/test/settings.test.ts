import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { slopeOf } from '../lib/pure/slope.ts';

test('each script has defaults of its own, and nothing of what it hasn’t got', () => {
  assert.equal(readLoadSettings('steady', {}).VIEWERS, 200);
  assert.equal(readLoadSettings('fan-out', {}).VIEWERS, 500);
  assert.equal(readLoadSettings('storm', { VIEWERS: '7' }).VIEWERS, 0);
  assert.deepEqual(readLoadSettings('steady', {}).ADMINS, []);
});

test('an empty variable is an unset one', () => {
  assert.equal(readLoadSettings('steady', { RATE: '' }).RATE, 2);
});

test('lists are separated by commas', () => {
  assert.deepEqual(readLoadSettings('soak', { GATEWAYS: 'ws://a,ws://b' }).GATEWAYS, ['ws://a', 'ws://b']);
});

test('one message names all faults', () => {
  assert.throws(
    () => readLoadSettings('steady', { VIEWERS: '1.5', RATE: '-1' }),
    /VIEWERS must .*; RATE must /,
  );
});

test('the slope of values on a line is that of the line, and one value has none', () => {
  const line = [0, 1, 2, 5].map((x) => ({ x, y: 3 * x + 10 }));
  assert.ok(Math.abs(slopeOf(line) - 3) < 1e-9);
  assert.equal(slopeOf([{ x: 1, y: 5 }]), 0);
  assert.equal(slopeOf([]), 0);
});
