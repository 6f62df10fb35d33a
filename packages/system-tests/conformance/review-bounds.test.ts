import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { type HandlerEndpoint, respond, startHandlerEndpoint } from '../src/handler-endpoint.ts';
import { lambdaEnv } from '../src/lambda-env.ts';
import { connectRaw, type RawClient } from '../src/raw-client.ts';
import { failureReasons } from '../src/review-metrics.ts';
import { openStage, type Stage } from '../src/stage.ts';

const timeoutMs = 6_500;
const allow = { ReviewResult: 'ALLOW', Content: 'reviewed' } as const;

let handlers: HandlerEndpoint;
let stage: Stage;

before(async () => {
  handlers = await startHandlerEndpoint();
  stage = await openStage({
    reviewWorkers: 1,
    env: lambdaEnv(handlers.url),
    reviewWorkerEnv: {
      ROOMSTREAM_REVIEW_BREAKER_FAILURES: '3',
      ROOMSTREAM_REVIEW_BREAKER_LEAST_MS: '0',
      ROOMSTREAM_REVIEW_BREAKER_OPEN_MS: '1500',
      ROOMSTREAM_REVIEW_HANDLER_CONCURRENCY: '2',
    },
    accountQuotas: { messageReviewTimeoutMs: timeoutMs },
  });
});
after(async () => {
  await stage?.close();
  await handlers?.close();
});

/** Someone in a new room with this handler. */
async function join(t: { after(fn: () => void): void }, uri: string): Promise<RawClient> {
  const room = await stage.api.createRoom({
    maximumMessageRatePerSecond: 100,
    messageReviewHandler: { uri, fallbackResult: 'DENY' },
  });
  const client = await connectRaw(stage.url(0), await stage.api.token(room, 'ann'));
  t.after(client.socket.destroy);
  return client;
}

test('a handler that fails again and again is left alone for a while, then tried with one message', async (t) => {
  let isBroken = true;
  const uri = handlers.define('breaks', (response) => respond(response, allow, isBroken ? 500 : 200));
  const ann = await join(t, uri);
  const isOpen = () => stage.reviewWorker(0).metric('roomstream_review_breaker_open', `"${uri}"`);
  for (let n = 0; n < 3; n++) assert.equal((await ann.say(`${n}`)).ErrorCode, 406);
  assert.equal(await isOpen(), 1);
  const asked = handlers.asked('breaks').length;
  assert.equal(asked, 3);
  assert.equal((await ann.say('at once')).ErrorCode, 406);
  // Unless so much time has passed that the probe was due.
  assert.ok(handlers.asked('breaks').length <= asked + 1);
  isBroken = false;
  await eventually(async () => assert.equal((await ann.say('again?')).Content, 'reviewed'), 20_000);
  assert.equal(await isOpen(), 0);
  assert.ok(((await failureReasons(stage))['breaker'] ?? 0) > 0);
  const log = stage.reviewWorker(0).output();
  assert.match(log, /fails again and again/);
  assert.match(log, /works again/);
});

test('messages of a handler that hangs delay no other handler’s, and show as backlog in metrics and /readyz', async (t) => {
  const release: (() => void)[] = [];
  const hanging = handlers.define('hangs', async (response) => {
    await new Promise<void>((resolve) => release.push(resolve));
    respond(response, allow);
  });
  const quick = handlers.define('quick', (response) => respond(response, allow));
  const stuck = await Promise.all(Array.from({ length: 6 }, () => join(t, hanging)));
  const free = await join(t, quick);
  const held = stuck.map((client) => client.say('hang', 30_000));
  await eventually(() => release.length === 2, 20_000);
  const start = performance.now();
  for (let n = 0; n < 20; n++) assert.equal((await free.say(`${n}`)).Content, 'reviewed');
  const eachMs = (performance.now() - start) / 20;
  assert.ok(eachMs < 1_000, `each took ${Math.round(eachMs)} ms beside a handler that hangs`);
  const worker = stage.reviewWorker(0);
  await eventually(
    async () => assert.ok((await worker.metric('roomstream_review_oldest_seconds')) > 5),
    20_000,
  );
  assert.ok((await worker.metric('roomstream_review_waiting')) >= 2);
  const answer = await fetch(`${worker.adminUrl}/readyz`);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /wait for review/);
  // Two were asked and ran out of time, the others found no place.
  for (const frame of await Promise.all(held)) assert.equal(frame.ErrorCode, 406);
  for (const resolve of release) resolve();
  await eventually(async () => {
    const { status, body } = await fetch(`${worker.adminUrl}/readyz`);
    await body?.cancel();
    assert.equal(status, 200);
  }, 20_000);
  assert.equal(await worker.metric('roomstream_review_waiting'), 0);
});

test('one sender’s messages come in his order however long each review takes', async (t) => {
  const uri = handlers.define('uneven', async (response, { Content }) => {
    // The earlier, the slower.
    await delay(400 - 100 * Number(Content));
    respond(response, { ReviewResult: 'ALLOW', Content });
  });
  const ann = await join(t, uri);
  await Promise.all([0, 1].map((n) => ann.say(`${n}`)));
  await Promise.all([2, 3].map((n) => ann.say(`${n}`)));
  const contents = ann.frames().map((frame) => frame.Content);
  assert.deepEqual(contents, ['0', '1', '2', '3']);
});
