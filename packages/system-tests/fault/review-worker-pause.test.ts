import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { type HandlerEndpoint, startHandlerEndpoint } from '../src/handler-endpoint.ts';
import { crowdStage, openReviewedCrowd } from '../src/reviewed-crowd.ts';
import { openStage, type Stage } from '../src/stage.ts';

let handlers: HandlerEndpoint;
let stage: Stage;

before(async () => {
  handlers = await startHandlerEndpoint();
  stage = await openStage(crowdStage(handlers));
});
after(async () => {
  await stage?.close();
  await handlers?.close();
});

/** The issue's: beyond every time limit of claims, so that what the worker holds is long settled when it wakes. */
const pauseMs = 30_000;

test('one of two workers stopped for 30 s with messages in hand, then resumed: nothing passes twice or is lost', async (t) => {
  const crowd = await openReviewedCrowd(stage, handlers, 20);
  t.after(crowd.leave);
  crowd.send(25);
  await eventually(() => crowd.answered() >= 100, 60_000);
  const frozen = performance.now();
  stage.reviewWorker(0).freeze();
  await crowd.settled(pauseMs);
  const settledMs = performance.now() - frozen;
  await delay(Math.max(0, pauseMs - settledMs));
  stage.reviewWorker(0).thaw();
  const passed = crowd.passed();
  crowd.send(5);
  await crowd.settled(60_000);
  assert.ok(crowd.passed() > passed, 'no handler decides after the pause');
  const report = await crowd.assertGuarantees();
  t.diagnostic(`all answered ${Math.round(settledMs)} ms after the stop: ${JSON.stringify(report)}`);
});
