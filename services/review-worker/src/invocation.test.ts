import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Invocation, withinBudget } from './invocation.ts';

const answer: Invocation = { kind: 'answered', payload: new Uint8Array() };
const timeout: Invocation = { kind: 'failed', reason: 'timeout' };

/** Keeps the event loop busy, as a long pause of the process does. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test('an answer within the budget counts, and the call isn’t aborted', async () => {
  let signal: AbortSignal | undefined;
  const invocation = await withinBudget(20_000, async (given) => {
    signal = given;
    return answer;
  });
  assert.deepEqual([invocation, signal?.aborted], [answer, false]);
});

test('a call that never answers is a timeout, and is aborted', async () => {
  let signal: AbortSignal | undefined;
  const invocation = await withinBudget(10, (given) => {
    signal = given;
    return new Promise(() => undefined);
  });
  assert.deepEqual([invocation, signal?.aborted], [timeout, true]);
});

test('an answer that a busy process reads long after the budget doesn’t count: it may have been late', async () => {
  const invocation = await withinBudget(10, async () => {
    await new Promise(setImmediate);
    block(200);
    return answer;
  });
  assert.deepEqual(invocation, timeout);
});

test('a call that fails is unreachable, with its error', async () => {
  const err = new Error('refused');
  const invocation = await withinBudget(20_000, () => Promise.reject(err));
  assert.deepEqual(invocation, { kind: 'failed', reason: 'unreachable', err });
  const thrown = await withinBudget(20_000, () => {
    throw err;
  });
  assert.deepEqual(thrown, { kind: 'failed', reason: 'unreachable', err });
});
