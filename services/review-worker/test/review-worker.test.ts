import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { startFleetProcess } from '@roomstream/testing/fleet-process';
import { type Posted, startEndpoint } from './http-endpoint.ts';
import { account, arnOf, metric, openStage, type RoomView } from './stage.ts';

type Request = { readonly Content: string };
const requestOf = (posted: Posted) => JSON.parse(posted.body) as Request;
const allow = (response: ServerResponse, content: string) =>
  void response.end(JSON.stringify({ ReviewResult: 'ALLOW', Content: content }));
const contents = (room: RoomView) => room.frames.map(({ Content }) => Content);

test('the handler gets what the guide says, and its Content and Attributes reach the room', async (t) => {
  const endpoint = await startEndpoint(t, (_posted, response) =>
    response.end('{"ReviewResult":"ALLOW","Content":"HELLO","Attributes":{"a":"b"}}'),
  );
  const stage = await openStage(t, { review: endpoint.url });
  const worker = await stage.worker();
  const room = await stage.room();
  const id = await stage.say(room, 'hello');
  await eventually(() => assert.equal(room.frames.length, 1));
  assert.deepEqual(JSON.parse(endpoint.posted[0]?.body ?? ''), {
    Content: 'hello',
    MessageId: id,
    RoomArn: `arn:aws:ivschat:us-west-2:${account}:room/${room.id}`,
    Attributes: { own: 'yes' },
    Sender: { Attributes: { mood: 'fine' }, UserId: 'ann', Ip: '192.0.2.1' },
  });
  const { SendTime, ...frame } = room.frames[0] ?? assert.fail();
  assert.ok(Math.abs(Date.parse(SendTime ?? '') - Date.now()) < 60_000);
  assert.deepEqual(frame, {
    Type: 'MESSAGE',
    Id: id,
    RequestId: 'request of hello',
    Attributes: { a: 'b' },
    Content: 'HELLO',
    Sender: { UserId: 'ann', Attributes: { mood: 'fine' } },
  });
  await eventually(async () =>
    assert.equal(
      await metric(worker, 'roomstream_review_verdicts_total', { verdict: 'allow', by: 'handler' }),
      1,
    ),
  );
});

test('a denied message is ERROR 406 with the handler’s Reason, and the room gets nothing', async (t) => {
  const endpoint = await startEndpoint(t, (posted, response) =>
    requestOf(posted).Content === 'fine'
      ? allow(response, 'fine')
      : response.end('{"ReviewResult":"DENY","Attributes":{"Reason":"denied for moderation"}}'),
  );
  const stage = await openStage(t, { review: endpoint.url });
  await stage.worker();
  const room = await stage.room();
  const id = await stage.say(room, 'rude');
  await stage.say(room, 'fine');
  await eventually(() => assert.deepEqual(contents(room), ['fine']));
  assert.deepEqual(room.replies, [
    {
      Type: 'ERROR',
      Id: id,
      RequestId: 'request of rude',
      ErrorCode: 406,
      ErrorMessage: 'denied for moderation',
    },
  ]);
});

const undecided: readonly (readonly [
  name: string,
  reply: (response: ServerResponse) => void,
  metric: string,
  labels: Record<string, string>,
])[] = [
  [
    'an invalid answer',
    (response) => void response.end('{}'),
    'roomstream_response_validation_errors_total',
    {},
  ],
  [
    'a function error',
    (response) => void response.writeHead(500).end(),
    'roomstream_function_errors_total',
    {},
  ],
  ['a timeout', () => undefined, 'roomstream_invocation_errors_total', { reason: 'timeout' }],
  [
    'throttling',
    (response) => void response.writeHead(429).end(),
    'roomstream_invocation_errors_total',
    { reason: 'throttled' },
  ],
];

for (const [name, reply, series, labels] of undecided) {
  test(`after ${name} fallbackResult decides, ALLOW as well as DENY, and ${series} counts it`, async (t) => {
    const endpoint = await startEndpoint(t, (_posted, response) => reply(response));
    const stage = await openStage(t, { review: endpoint.url }, 500);
    const worker = await stage.worker({ ROOMSTREAM_REVIEW_DEADLINE_MARGIN_MS: '30000' });
    const room = await stage.room();
    const handler = { uri: arnOf('review'), fallbackResult: 'DENY' } as const;
    await stage.say(room, 'allowed');
    await stage.say(room, 'denied', { handler });
    await eventually(() => assert.equal(room.replies.length, 1));
    assert.deepEqual(contents(room), ['allowed']);
    assert.deepEqual(room.frames[0]?.Attributes, { own: 'yes' });
    assert.equal(room.replies[0]?.ErrorCode, 406);
    assert.equal(await metric(worker, series, { ...labels, uri: handler.uri }), 2);
    const all = [
      'roomstream_invocation_errors_total',
      'roomstream_response_validation_errors_total',
      'roomstream_function_errors_total',
    ];
    const sums = await Promise.all(all.map((other) => metric(worker, other)));
    assert.equal(
      sums.reduce((sum, value) => sum + value),
      2,
      'no other error is counted',
    );
  });
}

test('messages of one sender keep their order over two workers, when the later ones are reviewed faster', async (t) => {
  const held: (() => void)[] = [];
  const endpoint = await startEndpoint(t, (posted, response) => {
    const { Content } = requestOf(posted);
    if (Content === '0') held.push(() => allow(response, Content));
    else allow(response, Content);
  });
  const stage = await openStage(t, { review: endpoint.url });
  // One message each at a time: the one that waits for the first leaves the others to the other worker.
  for (let i = 0; i < 2; i++) await stage.worker({ ROOMSTREAM_REVIEW_CONCURRENCY: '1' });
  const room = await stage.room();
  const sent = Array.from({ length: 10 }, (_, i) => `${i}`);
  for (const content of sent) await stage.say(room, content);
  await eventually(() => assert.equal(endpoint.posted.length, sent.length), 20_000);
  const bob = { sender: { userId: 'bob', attributes: {}, ip: '192.0.2.2' } };
  await stage.say(room, 'bob waits for nobody', bob);
  await eventually(() => assert.deepEqual(contents(room), ['bob waits for nobody']));
  for (const answer of held) answer();
  await eventually(() => assert.deepEqual(contents(room).slice(1), sent));
});

test('a message that is past its deadline is settled by fallbackResult without an invocation', async (t) => {
  const endpoint = await startEndpoint(t, (_posted, response) => allow(response, 'reviewed'));
  const stage = await openStage(t, { review: endpoint.url }, 1);
  const room = await stage.room();
  await stage.say(room, 'waited');
  const sentMs = stage.bus.clock.nowMs();
  await eventually(() => assert.ok(stage.bus.clock.nowMs() > sentMs + 100));
  const worker = await stage.worker({ ROOMSTREAM_REVIEW_DEADLINE_MARGIN_MS: '50' });
  await eventually(() => assert.deepEqual(contents(room), ['waited']));
  assert.equal(endpoint.posted.length, 0);
  assert.equal(await metric(worker, 'roomstream_invocation_errors_total', { reason: 'late' }), 1);
});

test('the budget begins with the invocation: what a message has waited before counts apart, and costs it nothing', async (t) => {
  const endpoint = await startEndpoint(t, (_posted, response) => allow(response, 'reviewed'));
  const budgetMs = 3_000;
  const stage = await openStage(t, { review: endpoint.url }, budgetMs);
  const room = await stage.room();
  await stage.say(room, 'waited');
  const sentMs = stage.bus.clock.nowMs();
  const waitedMs = budgetMs + 100;
  await eventually(() => assert.ok(stage.bus.clock.nowMs() > sentMs + waitedMs));
  const worker = await stage.worker({ ROOMSTREAM_REVIEW_DEADLINE_MARGIN_MS: '60000' });
  await eventually(() => assert.deepEqual(contents(room), ['reviewed']));
  const text = await worker.registry.metrics();
  const seconds = (what: string) =>
    Number(new RegExp(`^roomstream_review_${what}_seconds_sum (.+)$`, 'm').exec(text)?.[1]);
  const [wait, invocation] = [seconds('wait'), seconds('invocation')];
  assert.ok(wait * 1000 > waitedMs, `waited for ${wait} s`);
  assert.ok(invocation > 0 && invocation * 1000 < budgetMs, `invoked for ${invocation} s`);
});

test('each account has its own budget, 200 ms unless the accounts file says otherwise', async (t) => {
  const slow = await hanging(t);
  const stage = await openStage(t, { review: slow.url });
  const worker = await stage.worker({ ROOMSTREAM_REVIEW_DEADLINE_MARGIN_MS: '30000' });
  const [patient, ordinary] = [await stage.room(), await stage.room()];
  await stage.say(patient, 'x');
  await stage.say(ordinary, 'y', { account: '111111111111' });
  await eventually(() => assert.deepEqual(contents(ordinary), ['y']));
  assert.equal(await metric(worker, 'roomstream_invocation_errors_total', { reason: 'timeout' }), 1);
  assert.deepEqual(contents(patient), []);
  slow.release();
  await eventually(() => assert.deepEqual(contents(patient), ['ok']));
});

test('what a worker had in hand when it was killed is settled once by another one, by fallbackResult', async (t) => {
  const endpoint = await startEndpoint(t, () => undefined);
  const stage = await openStage(t, { review: endpoint.url }, 2_000);
  const killed = await startFleetProcess('review-worker', stage.env);
  t.after(() => killed.kill());
  const room = await stage.room();
  const sent = Array.from({ length: 20 }, (_, i) => `${i}`);
  for (const content of sent) await stage.say(room, content);
  await eventually(() => assert.equal(endpoint.posted.length, sent.length), 20_000);
  await killed.kill('SIGKILL');
  const living = await stage.worker();
  await eventually(() => assert.deepEqual(contents(room), sent), 30_000);
  assert.equal(endpoint.posted.length, sent.length, 'no handler is asked twice about a message');
  assert.equal(await metric(living, 'roomstream_review_claimed_total'), sent.length);
  await eventually(async () => assert.equal(await metric(living, 'roomstream_review_waiting'), 0));
});

test('a handler that fails again and again is left alone for a while; then a probe brings it back', async (t) => {
  let isBroken = true;
  const endpoint = await startEndpoint(t, (posted, response) =>
    isBroken ? response.writeHead(500).end() : allow(response, requestOf(posted).Content.toUpperCase()),
  );
  const stage = await openStage(t, { review: endpoint.url });
  const worker = await stage.worker({
    ROOMSTREAM_REVIEW_BREAKER_FAILURES: '3',
    ROOMSTREAM_REVIEW_BREAKER_LEAST_MS: '0',
    ROOMSTREAM_REVIEW_BREAKER_OPEN_MS: '1500',
  });
  const room = await stage.room();
  const settled = async (count: number) => eventually(() => assert.equal(room.frames.length, count), 20_000);
  for (let i = 1; i <= 3; i++) {
    await stage.say(room, 'a');
    await settled(i);
  }
  await eventually(async () => assert.equal(await metric(worker, 'roomstream_review_breaker_open'), 1));
  const asked = endpoint.posted.length;
  await stage.say(room, 'b');
  await settled(4);
  assert.equal(await metric(worker, 'roomstream_invocation_errors_total', { reason: 'breaker' }), 1);
  assert.equal(endpoint.posted.length, asked);
  isBroken = false;
  let count = 4;
  await eventually(async () => {
    await stage.say(room, 'c');
    await settled(++count);
    assert.equal(room.frames.at(-1)?.Content, 'C');
  }, 20_000);
  assert.equal(await metric(worker, 'roomstream_review_breaker_open'), 0);
});

test('a handler that hangs has a bounded number of invocations and delays no other handler’s messages', async (t) => {
  const [slow, fast] = await Promise.all([
    hanging(t),
    startEndpoint(t, (_, response) => allow(response, 'ok')),
  ]);
  const stage = await openStage(t, { slow: slow.url, fast: fast.url });
  const worker = await stage.worker({
    ROOMSTREAM_REVIEW_HANDLER_CONCURRENCY: '3',
    ROOMSTREAM_REVIEW_HANDLER_WAIT_MS: '10',
  });
  const [stuck, lively] = [await stage.room(), await stage.room()];
  const sender = (userId: string) => ({ sender: { userId, attributes: {}, ip: '' } });
  for (let i = 0; i < 20; i++) await stage.say(stuck, `${i}`, { to: 'slow', ...sender(`user ${i}`) });
  await stage.say(lively, 'x', { to: 'fast' });
  await eventually(() => assert.deepEqual(contents(lively), ['ok']));
  await eventually(() => assert.equal(stuck.frames.length, 17));
  assert.equal(slow.posted.length, 3);
  assert.equal(await metric(worker, 'roomstream_invocation_errors_total', { reason: 'busy' }), 17);
  slow.release();
  await eventually(() => assert.equal(stuck.frames.length, 20));
});

test('a backlog is a metric, and a reason in /readyz once it is old', async (t) => {
  const slow = await hanging(t);
  const stage = await openStage(t, { review: slow.url });
  const worker = await stage.worker();
  const room = await stage.room();
  assert.deepEqual(worker.notReady(), []);
  await stage.say(room, 'x');
  await eventually(() => assert.match(worker.notReady()[0] ?? '', /^1 messages wait for review/), 20_000);
  assert.equal(await metric(worker, 'roomstream_review_waiting'), 1);
  assert.ok((await metric(worker, 'roomstream_review_oldest_seconds')) >= 5);
  slow.release();
  await eventually(() => assert.deepEqual(worker.notReady(), []));
});

test('a restart of Redis loses no message and doubles none', async (t) => {
  const slow = await hanging(t);
  const stage = await openStage(t, { review: slow.url });
  await stage.worker();
  const room = await stage.room();
  for (let i = 0; i < 10; i++) await stage.say(room, `${i}`);
  await eventually(() => assert.equal(slow.posted.length, 10));
  await stage.redis.kill();
  slow.release();
  await stage.redis.restart();
  await eventually(() => assert.equal(room.frames.length, 10), 20_000);
  await eventually(async () => {
    await stage.say(room, 'after', { to: 'review' });
    assert.equal(room.frames.at(-1)?.Content, 'ok');
  }, 20_000);
  assert.equal(new Set(room.frames.map(({ Id }) => Id)).size, room.frames.length);
});

/** An endpoint that answers nothing until it is released. */
async function hanging(t: TestContext) {
  const held: ServerResponse[] = [];
  let isReleased = false;
  const endpoint = await startEndpoint(t, (_posted, response) => {
    if (isReleased) allow(response, 'ok');
    else held.push(response);
  });
  return {
    ...endpoint,
    release: () => {
      isReleased = true;
      for (const response of held) allow(response, 'ok');
    },
  };
}
