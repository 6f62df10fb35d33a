import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

test('who finds the gate full waits, and enters in the order of arrival', async () => {
  const gate = new Gate(2, 60_000);
  assert.deepEqual([gate.enter(), gate.enter()], [true, true]);
  const order: number[] = [];
  const waiting = [1, 2].map(async (number) => {
    assert.equal(await gate.enter(), true);
    order.push(number);
  });
  gate.leave();
  gate.leave();
  await Promise.all(waiting);
  assert.deepEqual(order, [1, 2]);
  gate.leave();
  gate.leave();
  assert.ok(gate.isIdle);
});

test('a wait ends after its time, and takes no place', async () => {
  const gate = new Gate(1, 1);
  assert.equal(gate.enter(), true);
  assert.equal(await gate.enter(), false);
  gate.leave();
  assert.ok(gate.isIdle);
});

test('no more may wait than may be in', () => {
  const gate = new Gate(1, 60_000);
  assert.equal(gate.enter(), true);
  const waiting = gate.enter();
  assert.ok(waiting instanceof Promise);
  assert.equal(gate.enter(), false);
  gate.leave();
});
