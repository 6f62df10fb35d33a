import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallBudget } from './call-budget.ts';

test('a flood gets the burst and then the rate', () => {
  const budget = new CallBudget(20, 100, 0);
  let taken = 0;
  for (let nowMs = 0; nowMs <= 10_000; nowMs++) for (let i = 0; i < 3; i++) if (budget.take(nowMs)) taken++;
  assert.equal(taken, 100 + 10 * 20);
});

test('a long quiet time gives the burst again, not more', () => {
  const budget = new CallBudget(20, 100, 0);
  let taken = 0;
  while (budget.take(3_600_000)) taken++;
  assert.equal(taken, 100);
});
