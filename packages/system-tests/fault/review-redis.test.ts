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

test('Redis killed and restarted with 1,000 messages in flight: each is answered, none passes twice, no denied one passes', async (t) => {
  const crowd = await openReviewedCrowd(stage, handlers, 20);
  t.after(crowd.leave);
  crowd.send(25);
  await eventually(() => crowd.answered() >= 100, 60_000);
  const answered = crowd.answered();
  await stage.redis.kill();
  // Of the outage: refused, or submitted after it.
  crowd.send(2);
  await delay(500);
  await stage.redis.restart();
  const back = performance.now();
  await crowd.settled(60_000);
  const settledMs = performance.now() - back;
  const passed = crowd.passed();
  crowd.send(3);
  await crowd.settled(60_000);
  assert.ok(crowd.passed() > passed, 'no handler decides after the restart');
  const report = await crowd.assertGuarantees({ mayBeUnsure: true });
  t.diagnostic(
    `killed after ${answered} answers, all answered ${Math.round(settledMs)} ms after its return: ${JSON.stringify(report)}`,
  );
});
