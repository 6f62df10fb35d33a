import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DestinationHealth } from './destination-health.ts';

/** When the next probe is admitted, found in steps of 100 ms. */
function probeAfter(health: DestinationHealth, fromMs: number): number {
  for (let ms = fromMs; ms < fromMs + 60_000; ms += 100) if (health.admits(ms)) return ms - fromMs;
  throw new Error('never');
}

test('while it works any number of deliveries is admitted', () => {
  const health = new DestinationHealth();
  for (let i = 0; i < 20; i++) {
    assert.equal(health.admits(0), true);
    health.begin();
  }
  assert.equal(health.isFailing, false);
});

test('after a failure one probe at a time is admitted, after pauses that grow from 1 to 30 s', () => {
  const health = new DestinationHealth();
  assert.equal(health.fail(health.begin(), false, 0), 'failing');
  const pauses: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 8; i++) {
    const pause = probeAfter(health, nowMs);
    pauses.push(pause);
    nowMs += pause;
    const probe = health.begin();
    assert.equal(health.admits(nowMs + 100_000), false, 'a second probe is admitted');
    assert.equal(health.fail(probe, false, nowMs), 'still-failing');
  }
  assert.ok((pauses[0] ?? 0) >= 500 && (pauses[0] ?? 0) <= 1_100, `${pauses}`);
  assert.ok((pauses.at(-1) ?? 0) >= 15_000 && (pauses.at(-1) ?? 0) <= 30_100, `${pauses}`);
});

test('a probe that succeeds ends it, and the next failure pauses for a second again', () => {
  const health = new DestinationHealth();
  for (let i = 0; i < 10; i++) health.fail(health.begin(), false, 0);
  assert.equal(health.succeed(health.begin()), 'working');
  assert.equal(health.admits(0), true);
  health.fail(health.begin(), false, 0);
  assert.ok(probeAfter(health, 0) <= 1_100);
});

test('deliveries that began before it failed neither lengthen the pause nor end it', () => {
  const health = new DestinationHealth();
  const tickets = Array.from({ length: 10 }, () => health.begin());
  for (const ticket of tickets.slice(1)) health.fail(ticket, false, 0);
  assert.equal(health.failures, 1);
  assert.equal(health.succeed(tickets[0] ?? assert.fail()), undefined);
  assert.equal(health.isFailing, true);
  assert.ok(probeAfter(health, 0) <= 1_100);
});

test('a failure with progress pauses for a second, however many there were', () => {
  const health = new DestinationHealth();
  for (let i = 0; i < 10; i++) health.fail(health.begin(), true, 0);
  assert.ok(probeAfter(health, 0) <= 1_100);
});

test('a probe that ends without an outcome makes way for another one at once', () => {
  const health = new DestinationHealth();
  health.fail(health.begin(), false, 0);
  const nowMs = probeAfter(health, 0);
  health.cancel(health.begin());
  assert.equal(health.admits(nowMs), true);
});

test('another destination starts with a clean record, and outcomes of the old one don’t count', () => {
  const health = new DestinationHealth();
  health.fail(health.begin(), false, 0);
  const old = health.begin();
  health.reset();
  assert.equal(health.admits(0), true);
  assert.equal(health.fail(old, false, 0), undefined);
  assert.equal(health.isFailing, false);
});
