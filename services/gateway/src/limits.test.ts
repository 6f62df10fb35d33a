import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Limited, SlidingWindow, takeRequest } from './limits.ts';

test('a window passes its number at once and the next one only when the first is a second old', () => {
  const window = new SlidingWindow(3);
  assert.deepEqual(
    [0, 10, 20].map((ms) => window.take(ms)),
    [true, true, true],
  );
  assert.equal(window.take(999), false);
  assert.equal(window.take(1000), true);
  assert.equal(window.take(1001), false);
  assert.equal(window.take(1010), true);
});

test('what is refused takes nothing', () => {
  const window = new SlidingWindow(1);
  assert.equal(window.take(0), true);
  for (let ms = 1; ms < 1000; ms++) assert.equal(window.take(ms), false);
  assert.equal(window.take(1000), true);
});

test('in any second of a flood never more than the limit pass, and no less than it', () => {
  const window = new SlidingWindow(10);
  const passed: number[] = [];
  for (let ms = 0; ms < 10_000; ms += 7) if (window.take(ms)) passed.push(ms);
  for (const start of passed) {
    assert.ok(passed.filter((ms) => ms >= start && ms < start + 1000).length <= 10);
  }
  assert.ok(passed.length >= 95, `${passed.length}`);
});

test('a session has no window before its first request, nor while there is no limit', () => {
  const session: Limited = { window: undefined };
  assert.equal(takeRequest(session, Number.POSITIVE_INFINITY, 0), true);
  assert.equal(session.window, undefined);
  assert.equal(takeRequest(session, 1, 0), true);
  assert.equal(takeRequest(session, 1, 1), false);
});

test('a changed quota counts from the next request', () => {
  const session: Limited = { window: undefined };
  assert.equal(takeRequest(session, 1, 0), true);
  assert.equal(takeRequest(session, 2, 1), true);
  assert.equal(takeRequest(session, 2, 2), true);
  assert.equal(takeRequest(session, 2, 3), false);
  assert.equal(takeRequest(session, 0, 4), false);
});

test('a high limit costs memory only as it is used', () => {
  const limited: Limited = { window: undefined };
  for (let i = 0; i < 100; i++) assert.equal(takeRequest(limited, Number.MAX_SAFE_INTEGER, i), true);
});

test('a window that fills slowly keeps to its limit', () => {
  const window = new SlidingWindow(3);
  const times = [0, 600, 1_100, 1_200, 1_300, 1_599, 1_600, 2_100, 2_101];
  assert.deepEqual(
    times.filter((ms) => window.take(ms)),
    [0, 600, 1_100, 1_200, 1_600, 2_100],
  );
});
