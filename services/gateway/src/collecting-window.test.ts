import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectingWindowMs, RoomLoad } from './collecting-window.ts';

/** The window before each frame of a room of `size` that says so many messages a second, evenly, for two seconds. */
function windows(size: number, messagesPerSecond: number, mostMs = 50): number[] {
  const load = new RoomLoad();
  const frames = Array.from({ length: Math.ceil(2 * messagesPerSecond) }, (_, n) => n);
  return frames.map((n) => collectingWindowMs(load.add(size, (n * 1000) / messagesPerSecond), mostMs));
}

test('a small room, however lively, isn’t collected for as long as a timer', () => {
  for (const [size, messagesPerSecond] of [
    [2, 200],
    [10, 30],
    [100, 1],
  ] as const) {
    assert.ok(Math.max(...windows(size, messagesPerSecond)) < 1, `${size} x ${messagesPerSecond}`);
  }
});

test('the window grows with the load and never beyond the setting', () => {
  const last = (messagesPerSecond: number) => windows(1_000, messagesPerSecond).at(-1) ?? 0;
  const grown = [1, 5, 10, 20, 50, 500].map(last);
  assert.deepEqual(
    grown,
    [...grown].sort((a, b) => a - b),
  );
  assert.ok(last(1) < 10 && last(10) > 10 && last(10) < 40, `${grown}`);
  assert.equal(last(50), 50);
  assert.equal(Math.max(...windows(100_000, 1_000)), 50);
  assert.equal(Math.max(...windows(1_000, 100, 0)), 0);
});

test('under a steady load the window is steady, and soon: within a fifth of its mean after a second', () => {
  const settled = windows(100, 100).slice(100);
  const mean = settled.reduce((sum, one) => sum + one, 0) / settled.length;
  for (const one of settled) assert.ok(Math.abs(one - mean) < mean / 5, `${one} around ${mean}`);
});

test('two seconds after the load has gone it is forgotten', () => {
  const load = new RoomLoad();
  for (let ms = 0; ms < 1_000; ms++) load.add(100, ms);
  assert.ok(load.add(1, 3_000) < 100);
});
