import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertHandlersDecide, openReviewFault } from '../src/review-fault.ts';

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
  stage.reviewWorker(0).thaw();
  await assertHandlersDecide(crowd);
  const report = await crowd.assertGuarantees();
  t.diagnostic(`all answered ${Math.round(settledMs)} ms after the stop: ${JSON.stringify(report)}`);
});
