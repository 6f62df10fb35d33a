import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { answerMs, assertHandlersDecide, openReviewFault } from '../src/review-fault.ts';

/** The issue's: beyond every time limit of claims, so that what the worker holds is long settled when it wakes. */
const pauseMs = 30_000;

test('one of two workers stopped for 30 s with messages in hand, then resumed: nothing passes twice or is lost', async (t) => {
  const { stage, thousandInFlight } = await openReviewFault(t);
  const crowd = await thousandInFlight();
  const frozen = performance.now();
  stage.reviewWorker(0).freeze();
  await crowd.settled(pauseMs);
  const settledMs = performance.now() - frozen;
  await delay(Math.max(0, pauseMs - settledMs));
  const claimed = await stage.reviewWorker(1).metric('roomstream_review_claimed_total');
  assert.ok(claimed > 0, 'the worker had nothing in hand when it was stopped');
  stage.reviewWorker(0).thaw();
  await eventually(async () => {
    const settled = await stage.reviewWorker(0).metric('roomstream_review_settled_before_total');
    assert.ok(settled > 0, 'the worker has settled nothing that was taken from it');
  }, answerMs);
  await assertHandlersDecide(crowd);
  const report = await crowd.assertGuarantees();
  t.diagnostic(
    `all answered ${Math.round(settledMs)} ms after the stop, ${claimed} claimed: ${JSON.stringify(report)}`,
  );
});
