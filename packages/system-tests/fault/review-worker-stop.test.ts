import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerMs, assertHandlersDecide, openReviewFault } from '../src/review-fault.ts';

test('a worker told to stop with 1,000 messages in flight ends what it has in hand, and the other one answers the rest by their handlers', async (t) => {
  const { stage, thousandInFlight } = await openReviewFault(t);
  const crowd = await thousandInFlight();
  const worker = stage.reviewWorker(0);
  const answered = crowd.answered();
  const begunMs = performance.now();
  assert.equal(await worker.kill('SIGTERM'), 0, worker.output());
  const tookMs = performance.now() - begunMs;
  await crowd.settled(answerMs);
  const settledMs = performance.now() - begunMs;
  await assertHandlersDecide(crowd);
  const report = await crowd.assertGuarantees();
  t.diagnostic(
    `stopped after ${answered} answers in ${Math.round(tookMs)} ms, all answered after ${Math.round(settledMs)} ms: ${JSON.stringify(report)}`,
  );
  assert.equal(report.unsure, 0);
  // Two seconds on a machine of its own, most of them the handlers'; a loaded one is given more.
  assert.ok(tookMs < 8_000, `${Math.round(tookMs)} ms`);
  assert.doesNotMatch(worker.output(), /"level":50/);
});
