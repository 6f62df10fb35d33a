import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type HandlerProcess, startHandlerProcess } from '../src/handler-process.ts';
import { lambdaEnv } from '../src/lambda-env.ts';
import { type LoadReport, openReviewLoad, type ReviewLoad } from '../src/review-load.ts';
import { failureReasons } from '../src/review-metrics.ts';
import { openStage, type Stage } from '../src/stage.ts';

let handlers: HandlerProcess;
let stage: Stage;

before(async () => {
  handlers = await startHandlerProcess();
  // Every message is to be judged by its own time: the circuit breaker must not answer for the slow ones.
  const reviewWorkerEnv = { ROOMSTREAM_REVIEW_BREAKER_FAILURES: '0' };
  stage = await openStage({ reviewWorkers: 1, env: lambdaEnv(handlers.url), reviewWorkerEnv });
});
after(async () => {
  await stage?.close();
  await handlers?.stop();
});

/** Sends, waits for every answer, and tells. */
async function measure(load: ReviewLoad, perSecond: number, seconds: number): Promise<LoadReport> {
  load.reset();
  await load.run(perSecond, seconds);
  await eventually(() => {
    const { sent, delivered, denied, otherErrors } = load.report();
    const missing = sent - delivered - denied - otherErrors;
    assert.equal(missing, 0, `${missing} of ${sent} messages were not answered`);
  }, 30_000);
  return load.report();
}

test('with handlers that answer in 150 ms all messages pass', async (t) => {
  const load = await openReviewLoad(stage, 150, 10);
  t.after(load.leave);
  // A busy machine may stop a process for the 50 ms that are left: a round without such a moment counts.
  for (let round = 1; ; round++) {
    const report = await measure(load, 40, 2);
    t.diagnostic(`round ${round}: ${report.delivered} of ${report.sent} passed`);
    if (report.delivered === report.sent) return;
    assert.ok(round < 5, `${report.denied} of ${report.sent} were left to fallbackResult`);
  }
});

test('with handlers that answer in 250 ms no message passes', async (t) => {
  const load = await openReviewLoad(stage, 250, 10);
  t.after(load.leave);
  const report = await measure(load, 40, 2);
  assert.equal(report.delivered, 0);
  assert.equal(report.denied, report.sent);
});

test('review adds little to the handler’s own time at 200 messages a second', async (t) => {
  const load = await openReviewLoad(stage, 20, 10);
  t.after(load.leave);
  await measure(load, 200, 3);
  // The aim is 5 and 25 ms on a quiet machine; the bounds hold on a busy one, in a round without a long standstill.
  for (let round = 1; ; round++) {
    const { sent, delivered, addedMs } = await measure(load, 200, 6);
    const { p50, p99, most } = addedMs;
    t.diagnostic(
      `round ${round}: ${sent} messages, ${delivered} passed; added p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, most ${most.toFixed(1)} ms; not invoked: ${JSON.stringify(await failureReasons(stage))}`,
    );
    if (delivered >= sent * 0.9 && p50 < 50) return;
    assert.ok(round < 4, `${sent - delivered} of ${sent} were left to fallbackResult, p50 ${p50} ms`);
  }
});
