import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { answerMs, assertHandlersDecide, openReviewFault } from '../src/review-fault.ts';

test('a worker killed with 1,000 messages in flight: each sender is answered once, in order, and no denied message passes', async (t) => {
  const { stage, thousandInFlight } = await openReviewFault(t);
  const crowd = await thousandInFlight();
  const answered = crowd.answered();
  await stage.reviewWorker(0).kill('SIGKILL');
  const killed = performance.now();
  await crowd.settled(answerMs);
  const settledMs = performance.now() - killed;
  const claimed = await stage.reviewWorker(1).metric('roomstream_review_claimed_total');
  assert.ok(claimed > 0, 'the worker had nothing in hand when it was killed');
  await stage.reviewWorker(0).restart();
  await assertHandlersDecide(crowd);
  const report = await crowd.assertGuarantees();
  t.diagnostic(
    `killed after ${answered} answers, ${claimed} claimed, all answered ${Math.round(settledMs)} ms later: ${JSON.stringify(report)}`,
  );
});

test('without any worker messages wait, and are answered within 5 s once one is back', async (t) => {
  const { stage, crowd: gather } = await openReviewFault(t);
  const crowd = await gather(4);
  crowd.send(10);
  await eventually(() => crowd.answered() >= 20, answerMs);
  await Promise.all([0, 1].map((n) => stage.reviewWorker(n).kill('SIGKILL')));
  const before = crowd.answered();
  crowd.send(10);
  // Longer than the deadline of all that waits: fallbackResult decides.
  await delay(5_000);
  assert.ok(crowd.answered() <= before + 10, 'who answers without a worker?');
  const back = performance.now();
  await stage.reviewWorker(1).restart();
  await crowd.settled(answerMs);
  const settledMs = performance.now() - back;
  // How long a worker takes to start on this machine, with nothing that waits for it.
  const starting = performance.now();
  await stage.reviewWorker(0).restart();
  const startMs = performance.now() - starting;
  const report = await crowd.assertGuarantees();
  t.diagnostic(
    `all answered ${Math.round(settledMs)} ms after a worker was started, which takes ${Math.round(startMs)} ms: ${JSON.stringify(report)}`,
  );
  assert.ok(
    settledMs < startMs + 5_000,
    `${Math.round(settledMs)} ms, ${Math.round(startMs)} of them to start`,
  );
});
