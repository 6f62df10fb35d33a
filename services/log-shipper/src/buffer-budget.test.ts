import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Amount, BufferBudget, type Claim } from './buffer-budget.ts';

const most = { records: 1_000, bytes: 64_000, claims: 100 };
const batch = { records: 100, bytes: 8_000 };

/** Takes until nothing more is given. */
function takeAll(budget: BufferBudget, holder: string, amount: Amount): Claim[] {
  const claims: Claim[] = [];
  for (;;) {
    const claim = budget.take(holder, amount);
    if (claim === undefined) return claims;
    claims.push(claim);
  }
}

test('one holder that gives nothing back gets half, and the next one still gets batches', () => {
  const budget = new BufferBudget(most);
  assert.equal(takeAll(budget, 'hanging', batch).length, 4);
  assert.equal(takeAll(budget, 'other', batch).length, 2);
});

test('whatever many holders keep, a small claim is given', () => {
  const budget = new BufferBudget(most);
  for (const holder of 'abcdef') takeAll(budget, holder, batch);
  assert.notEqual(budget.take('quick', { records: 5, bytes: 400 }), undefined);
});

test('records bound as bytes do', () => {
  const budget = new BufferBudget(most);
  assert.equal(takeAll(budget, 'a', { records: 100, bytes: 1 }).length, 5);
});

test('the number of claims is bound as bytes are', () => {
  const budget = new BufferBudget({ ...most, claims: 12 });
  const one = { records: 1, bytes: 1 };
  assert.deepEqual(
    ['a', 'b', 'c'].map((holder) => takeAll(budget, holder, one).length),
    [6, 3, 1],
  );
  const again = new BufferBudget({ ...most, claims: 2 });
  again.take('a', one)?.release();
  assert.notEqual(again.take('b', one), undefined, 'a claim that was given back counts');
});

test('what is given back, in part or whole, once or again, can be taken again', () => {
  const budget = new BufferBudget(most);
  const claims = takeAll(budget, 'a', batch);
  assert.equal(budget.take('a', batch), undefined);
  claims[0]?.shrinkTo({ records: 1, bytes: 10 });
  claims[0]?.shrinkTo(batch);
  assert.deepEqual(budget.held, { records: 301, bytes: 24_010 });
  claims[0]?.release();
  claims[0]?.release();
  assert.deepEqual(budget.held, { records: 300, bytes: 24_000 });
  assert.notEqual(budget.take('a', batch), undefined);
});

test('the largest claim is given to the first who asks, and no larger one', () => {
  const largest = BufferBudget.largestClaim(most);
  assert.notEqual(new BufferBudget(most).take('a', largest), undefined);
  assert.equal(new BufferBudget(most).take('a', { ...largest, records: largest.records + 1 }), undefined);
});

test('no sequence of claims exceeds the buffer, and all of it comes back', () => {
  for (let run = 0; run < 100; run++) {
    const budget = new BufferBudget(most);
    const claims: Claim[] = [];
    for (let i = 0; i < 200; i++) {
      const amount = { records: Math.floor(Math.random() * 300), bytes: Math.floor(Math.random() * 20_000) };
      const claim = budget.take(`${Math.floor(Math.random() * 5)}`, amount);
      if (claim !== undefined) claims.push(claim);
      if (Math.random() < 0.4) claims.splice(Math.floor(Math.random() * claims.length), 1)[0]?.release();
      assert.ok(budget.held.records <= most.records && budget.held.bytes <= most.bytes);
    }
    for (const claim of claims) claim.release();
    assert.deepEqual(budget.held, { records: 0, bytes: 0 });
  }
});
