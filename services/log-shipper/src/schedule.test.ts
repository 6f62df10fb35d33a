import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staggerMs, windowClosedMs, windowDueMs } from './schedule.ts';

const schedule = { windowMs: 60_000, batchRecords: 10_000 };
const start = Date.UTC(2026, 0, 1, 10, 20);

test('a window is due a second after its end and the shard’s stagger, whenever its first entry came', () => {
  for (const shard of [0, 1, 77]) {
    const due = start + 61_000 + staggerMs(shard, 60_000);
    for (const ms of [0, 1, 59_999]) assert.equal(windowDueMs(schedule, shard, start + ms, 1), due);
    assert.equal(windowDueMs(schedule, shard, start + 60_000, 1), due + 60_000);
  }
});

test('a queue with a full batch doesn’t wait for the end of its window', () => {
  assert.equal(windowDueMs(schedule, 5, start, 9_999) > start, true);
  assert.equal(windowDueMs(schedule, 5, start, 10_000), 0);
});

test('a window is closed a second after its end', () => {
  assert.equal(windowClosedMs(schedule, start + 5), start + 61_000);
});

test('shards are staggered evenly over a quarter of the window, and over 15 s at most', () => {
  for (const [windowMs, most] of [
    [60_000, 15_000],
    [1_000, 250],
    [300_000, 15_000],
  ] as const) {
    const staggers = Array.from({ length: 128 }, (_, shard) => staggerMs(shard, windowMs));
    assert.ok(staggers.every((ms) => ms >= 0 && ms < most));
    for (let part = 0; part < 4; part++) {
      const count = staggers.filter((ms) => Math.floor((ms * 4) / most) === part).length;
      assert.ok(count >= 28 && count <= 36, `${count} of 128 shards in quarter ${part}`);
    }
  }
});
