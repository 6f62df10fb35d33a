import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTime } from './replay-time.ts';

const nowMs = Date.UTC(2026, 10, 22, 17, 40, 30, 500);
const iso = (text: string) => {
  const ms = readTime(text, nowMs);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

test('times are ISO 8601, in UTC where they name no zone', () => {
  assert.equal(iso('2026-11-22T17:40:00.123Z'), '2026-11-22T17:40:00.123Z');
  assert.equal(iso('2026-11-22T17:40:00Z'), '2026-11-22T17:40:00.000Z');
  assert.equal(iso('2026-11-22T17:40'), '2026-11-22T17:40:00.000Z');
  assert.equal(iso('2026-11-22T17:40:00+02:00'), '2026-11-22T15:40:00.000Z');
  assert.equal(iso('2026-11-22'), '2026-11-22T00:00:00.000Z');
});

test('times are also now, or how long ago', () => {
  assert.equal(readTime('now', nowMs), nowMs);
  assert.equal(readTime('-90s', nowMs), nowMs - 90_000);
  assert.equal(readTime('-30m', nowMs), nowMs - 1_800_000);
  assert.equal(readTime('-1h', nowMs), nowMs - 3_600_000);
  assert.equal(readTime('-2d', nowMs), nowMs - 172_800_000);
  assert.equal(readTime('-1w', nowMs), nowMs - 604_800_000);
});

test('what is no time is refused', () => {
  const faulty = ['', 'yesterday', '1h', '-1', '-h', '17:40', '2026', '2026-13-01', '2026-02-30', '20261122'];
  for (const text of [...faulty, '2026-11-22T25:00', '2026-11-22 17:40', '2026-02-30T10:00Z', 'now-1h'])
    assert.equal(readTime(text, nowMs), undefined, text);
});
