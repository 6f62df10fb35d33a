import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from './refusals.ts';

test('a room is refused until its wait, counted from the sending, is over', () => {
  const refusals = new Refusals();
  refusals.remember('room', 10, 1000, 400);
  assert.equal(refusals.waitMs('room', 10, 1100), 300);
  assert.equal(refusals.waitMs('room', 10, 1400), 0);
  assert.equal(refusals.waitMs('other', 10, 1100), 0);
});

test('another rate than the one that was refused asks Redis again', () => {
  const refusals = new Refusals();
  refusals.remember('room', 10, 1000, 400);
  assert.equal(refusals.waitMs('room', 20, 1100), 0);
});

test('millions of flooded rooms do not pile up', () => {
  const refusals = new Refusals();
  for (let i = 0; i < 30_000; i++) refusals.remember(`room${i}`, 10, i, 1000);
  let remembered = 0;
  for (let i = 0; i < 30_000; i++) if (refusals.waitMs(`room${i}`, 10, 30_000) > 0) remembered++;
  assert.ok(remembered > 0 && remembered <= 10_000);
});
