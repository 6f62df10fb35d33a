import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monthsBefore } from './housekeeping.ts';

const before = (text: string, months: number) =>
  new Date(monthsBefore(Date.parse(text), months)).toISOString();

test('24 months before is the same day two years earlier', () => {
  assert.equal(before('2026-11-22T16:31:00.000Z', 24), '2024-11-22T16:31:00.000Z');
});

test('a day that the earlier month lacks is its last one', () => {
  assert.equal(before('2026-03-31T00:00:00.000Z', 1), '2026-02-28T00:00:00.000Z');
  assert.equal(before('2024-02-29T00:00:00.000Z', 12), '2023-02-28T00:00:00.000Z');
});
