import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeReply } from '@roomstream/bus/reply';
import type { WaitingReview } from '@roomstream/bus/review';
import type { ReviewGroup } from '@roomstream/bus/review-group';
import { encodeError, errorCode } from '@roomstream/protocol/errors';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { account, type Gateway, metric, openStage, type Stage } from './stage.ts';

const messageReviewHandler = {
  uri: `arn:aws:lambda:us-west-2:${account}:function:f`,
  fallbackResult: 'ALLOW',
} as const;

let stage: Stage;
let one: Gateway;
let two: Gateway;
let group: ReviewGroup;
const waiting: WaitingReview[] = [];

before(async () => {
  stage = await openStage();
  one = await stage.gateway();
  two = await stage.gateway();
  const listener = { capacity: () => 100, onReview: (review: WaitingReview) => void waiting.push(review) };
  group = stage.bus.reviewGroup({ worker: newId(), claimMs: 60_000 }, listener);
});
after(() => stage.close());

/** The next message that waits for review. */
function taken(): Promise<WaitingReview> {
  return eventually(() => waiting.shift() ?? assert.fail('nothing waits for review'));
}

function deny(review: WaitingReview, message: string): Promise<unknown> {
  const { room, id, requestId, replyTo } = review;
  const error = encodeError({ code: errorCode.notAcceptable, message, requestId }, id);
  return group.settle(review, { kind: 'reply', account, room, id, body: encodeReply(replyTo, error) });
}

test('a message to a room with a handler waits for its verdict, and what the verdict makes of it reaches the room', async () => {
  const room = await stage.room({ messageReviewHandler });
  const ann = await stage.client(one, room, 'ann', { attributes: { mood: 'fine' } });
  const bob = await stage.client(two, room, 'bob');
  const requestId = ann.say('hello');
  const review = await taken();
  assert.deepEqual(review.sender, { userId: 'ann', attributes: { mood: 'fine' }, ip: '127.0.0.1' });
  assert.deepEqual(review.handler, messageReviewHandler);
  assert.deepEqual([ann.frames, bob.frames], [[], []]);
  const body = `{"Type":"MESSAGE","Id":"${review.id}","RequestId":"${requestId}","Content":"hello!"}`;
  await group.settle(review, { kind: 'frame', account, room, id: review.id, body });
  for (const client of [ann, bob]) assert.equal((await client.answer(requestId)).Content, 'hello!');
});

test('"ERROR 406 to the sender alone": not to the sender’s other connections, nor to anybody else', async () => {
  const room = await stage.room({ messageReviewHandler });
  const sender = await stage.client(one, room, 'ann');
  const others = [
    await stage.client(one, room, 'ann'),
    await stage.client(two, room, 'ann'),
    await stage.client(one, room, 'bob'),
  ];
  const before = await metric(one, 'roomstream_errors_total', { code: 406 });
  const requestId = sender.say('rude');
  await deny(await taken(), 'be nice');
  const error = await sender.answer(requestId);
  assert.deepEqual([error.Type, error.ErrorCode, error.ErrorMessage], ['ERROR', 406, 'be nice']);
  await stage.changeRoom(room, { messageReviewHandler: undefined });
  await eventually(async () => {
    // One that is sent before the gateway has heard of the change waits for review for ever.
    const last = sender.say('last');
    for (const client of [sender, ...others]) await client.answer(last, 1_000);
  });
  waiting.length = 0;
  for (const client of others) assert.ok(client.frames.every(({ Type }) => Type === 'MESSAGE'));
  assert.equal(await metric(one, 'roomstream_errors_total', { code: 406 }), before + 1);
  assert.equal(await metric(two, 'roomstream_errors_total', { code: 406 }), 0);
});

test('the verdict on a message whose sender has left goes to nobody', async () => {
  const room = await stage.room({ messageReviewHandler });
  const leaver = await stage.client(one, room, 'ann');
  const stayer = await stage.client(one, room, 'ann');
  leaver.say('rude');
  const open = (await metric(one, 'roomstream_concurrent_chat_connections')) - 1;
  const review = await taken();
  leaver.terminate();
  await eventually(async () =>
    assert.equal(await metric(one, 'roomstream_concurrent_chat_connections'), open),
  );
  await deny(review, 'be nice');
  const requestId = stayer.say('nice');
  const next = await taken();
  await group.settle(next, {
    kind: 'frame',
    account,
    room,
    id: next.id,
    body: `{"Type":"MESSAGE","Id":"${next.id}","RequestId":"${requestId}"}`,
  });
  await stayer.answer(requestId);
  assert.deepEqual(
    stayer.frames.map(({ Type }) => Type),
    ['MESSAGE'],
  );
});

test('behind a trusted proxy the sender’s address is that of the trusted header', async () => {
  const behind = await stage.gateway({ ROOMSTREAM_TRUSTED_PROXIES: '127.0.0.0/8' });
  const room = await stage.room({ messageReviewHandler });
  const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7' };
  const client = await stage.client(behind, room, 'ann', {}, headers);
  client.say('hello');
  const review = await taken();
  assert.equal(review.sender.ip, '203.0.113.7');
  await deny(review, 'done');
});
