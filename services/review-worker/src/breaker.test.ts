import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breaker, type Ticket } from './breaker.ts';

/** A breaker that opens after 3 failures over at least so long, for 1000 ms. */
function breaker(leastMs = 0) {
  const one = new Breaker(3, leastMs, 1_000);
  const admit = (nowMs: number): Ticket => one.admit(nowMs) ?? assert.fail('not admitted');
  const fail = (nowMs: number) => one.settle(admit(nowMs), false, nowMs);
  const succeed = (nowMs: number) => one.settle(admit(nowMs), true, nowMs);
  return { one, admit, fail, succeed };
}

test('a breaker opens after so many failures in a row, and not after others', () => {
  const { one, fail, succeed } = breaker();
  fail(0);
  fail(0);
  succeed(0);
  fail(0);
  fail(0);
  assert.equal(one.state, 'closed');
  fail(0);
  assert.equal(one.state, 'open');
  assert.equal(one.admit(999), undefined);
});

test('after its time one probe is admitted, and its success closes the breaker', () => {
  const { one, admit, fail } = breaker();
  for (let i = 0; i < 3; i++) fail(0);
  const probe = admit(1_000);
  assert.deepEqual([probe.isProbe, one.state, one.admit(1_000)], [true, 'probing', undefined]);
  one.settle(probe, true, 1_100);
  assert.equal(one.state, 'closed');
  fail(1_200);
  assert.equal(one.state, 'closed', 'failures before don’t count any more');
});

test('a probe that fails opens it for as long again', () => {
  const { one, fail } = breaker();
  for (let i = 0; i < 4; i++) fail(i < 3 ? 0 : 1_000);
  assert.equal(one.admit(1_999), undefined);
  assert.equal(one.admit(2_000)?.isProbe, true);
});

test('invocations that began before it opened don’t close it, nor prolong it', () => {
  const { one, admit, fail } = breaker();
  const [slow, slower] = [admit(0), admit(0)];
  for (let i = 0; i < 3; i++) fail(0);
  one.settle(slow, true, 500);
  one.settle(slower, false, 900);
  assert.equal(one.state, 'open');
  assert.equal(one.admit(1_000)?.isProbe, true);
});

test('a standstill that fails all that is under way doesn’t open a breaker; failing for longer does', () => {
  const { one, admit, fail, succeed } = breaker(500);
  const underWay = Array.from({ length: 100 }, () => admit(0));
  for (const ticket of underWay) one.settle(ticket, false, 350);
  assert.equal(one.state, 'closed');
  succeed(360);
  for (const atMs of [900, 901, 902, 1_399]) fail(atMs);
  assert.equal(one.state, 'closed', 'the row begins with the first failure after a success');
  fail(1_400);
  assert.equal(one.state, 'open');
});

test('few failures over a long time don’t open a breaker', () => {
  const { one, fail } = breaker(500);
  fail(0);
  fail(60_000);
  assert.equal(one.state, 'closed');
  fail(120_000);
  assert.equal(one.state, 'open');
});

test('a breaker of 0 failures never opens', () => {
  const one = new Breaker(0, 0, 1_000);
  for (let i = 0; i < 100; i++) one.settle(one.admit(0) ?? assert.fail(), false, 0);
  assert.equal(one.state, 'closed');
});
