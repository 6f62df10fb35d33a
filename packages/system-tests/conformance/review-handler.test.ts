import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildReviewHandler } from '@roomstream/testing/build-review-handler';
import { eventually } from '@roomstream/testing/eventually';
import { type LambdaEmulator, startLambdaEmulator } from '@roomstream/testing/lambda-emulator';
import { needs } from '@roomstream/testing/tools';
import type { ChatError, ChatMessage } from 'amazon-ivs-chat-messaging';
import { functionArn, type HandlerRequest } from '../src/handler-endpoint.ts';
import { lambdaEnv } from '../src/lambda-env.ts';
import { reviewErrorsOf } from '../src/review-metrics.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer, type Viewer } from '../src/viewer.ts';

const children = 6;

describe('Lambda functions in Go review what the official client sends', { skip: needs('go') }, () => {
  let lambda: LambdaEmulator;
  let stage: Stage;

  before(async () => {
    lambda = await startLambdaEmulator();
    lambda.deploy('sample', { command: await buildReviewHandler('sample'), children });
    lambda.deploy('moderator', { command: await buildReviewHandler('moderator'), children });
    // Processes of a busy machine are no test of 200 ms: review-timing.test.ts is.
    const accountQuotas = { messageReviewTimeoutMs: 3_000 };
    stage = await openStage({ reviewWorkers: 2, env: lambdaEnv(lambda.url), accountQuotas });
  });
  after(async () => {
    await stage?.close();
    await lambda?.close();
  });

  type Context = { after(fn: () => void): void };

  /** Viewers of a new room with the function as its handler, on different gateways. */
  async function meet(t: Context, name: string, fallbackResult: 'ALLOW' | 'DENY', users: readonly string[]) {
    const room = await stage.api.createRoom({
      messageReviewHandler: { uri: functionArn(name), fallbackResult },
    });
    const viewers: Viewer[] = await Promise.all(
      users.map((userId, n) => {
        const order = { roomIdentifier: room, userId, attributes: { displayName: userId.toUpperCase() } };
        return connectViewer(stage.api, stage.url(n % 2), order);
      }),
    );
    for (const viewer of viewers) t.after(viewer.close);
    return { room, viewers: viewers as [Viewer, Viewer, ...Viewer[]] };
  }

  /** All messages that a viewer got, once there are so many. */
  const received = (viewer: Viewer, count: number): Promise<readonly ChatMessage[]> =>
    eventually(() => {
      assert.ok(viewer.messages.length >= count, `${viewer.userId} has ${viewer.messages.length} messages`);
      return viewer.messages;
    }, 20_000);

  async function rejection(promise: Promise<unknown>): Promise<ChatError> {
    const outcome = await promise.then(
      () => undefined,
      (error: ChatError) => error,
    );
    assert.ok(outcome !== undefined, 'the message was confirmed');
    return outcome;
  }

  test('the guide’s sample rewrites the message for all, its sender too, and its attributes stay as they were', async (t) => {
    const { viewers } = await meet(t, 'sample', 'DENY', ['ann', 'bob']);
    const [ann, bob] = viewers;
    const confirmed = await ann.say('hello ', { emote: 'wave', empty: '' });
    assert.equal(confirmed.content, 'hello modified by the lambda handler');
    // "keeps the message attributes unchanged"
    assert.deepEqual(confirmed.attributes, { emote: 'wave', empty: '' });
    assert.deepEqual(confirmed.sender, { userId: 'ann', attributes: { displayName: 'ANN' } });
    assert.deepEqual((await received(bob, 1))[0], confirmed);
    assert.deepEqual(ann.messages, [confirmed]);
  });

  test('a denied message rejects its sender’s promise with 406 and the Reason, and nobody else learns of it', async (t) => {
    const { viewers } = await meet(t, 'moderator', 'ALLOW', ['ann', 'bob']);
    const [ann, bob] = viewers;
    const error = await rejection(ann.say('deny denied for moderation'));
    assert.equal(error.errorCode, 406);
    assert.equal(error.errorMessage, 'denied for moderation');
    const next = await ann.say('something nicer');
    assert.deepEqual(await received(bob, 1), [next]);
    assert.deepEqual(ann.states, ['connecting', 'connected']);
  });

  test('the handler is told what the guide says, and its answer’s attributes replace the message’s', async (t) => {
    const { room, viewers } = await meet(t, 'moderator', 'DENY', ['ann']);
    const [ann] = viewers;
    const repeated = await ann.say('repeat', { emote: 'wave' });
    const told = JSON.parse(repeated.content) as HandlerRequest;
    assert.deepEqual(told, {
      Content: 'repeat',
      MessageId: repeated.id,
      RoomArn: room,
      Attributes: { emote: 'wave' },
      Sender: { UserId: 'ann', Ip: '127.0.0.1', Attributes: { displayName: 'ANN' } },
    });
    const labelled = await ann.say('label fine', { emote: 'wave' });
    assert.equal(labelled.content, 'fine');
    assert.deepEqual(labelled.attributes, { label: 'seen' });
  });

  test('a handler that fails, panics or exits leaves the message to fallbackResult, and the next one is reviewed again', async (t) => {
    const before = await reviewErrorsOf(stage, functionArn('moderator'));
    const lenient = await meet(t, 'moderator', 'ALLOW', ['ann']);
    const strict = await meet(t, 'moderator', 'DENY', ['ann']);
    for (const words of ['fail badly', 'panic now', 'exit']) {
      const passed = await lenient.viewers[0].say(words, { emote: 'wave' });
      assert.equal(passed.content, words);
      assert.deepEqual(passed.attributes, { emote: 'wave' });
      assert.equal((await rejection(strict.viewers[0].say(words))).errorCode, 406);
    }
    assert.equal((await strict.viewers[0].say('still there?')).content, 'still there?');
    await eventually(async () => {
      const moved = await reviewErrorsOf(stage, functionArn('moderator'));
      assert.deepEqual(moved, { ...before, FunctionErrors: before.FunctionErrors + 6 });
    });
  });

  test('a slow message holds back its sender’s next one and nobody else’s', async (t) => {
    const { viewers } = await meet(t, 'moderator', 'DENY', ['ann', 'bob']);
    const [ann, bob] = viewers;
    const slow = ann.say('sleep 1s');
    const next = ann.say('and then');
    const other = await bob.say('quick');
    const all = [other, await slow, await next];
    for (const viewer of [ann, bob]) {
      const contents = (await received(viewer, 3)).map((message) => message.content);
      assert.deepEqual(
        contents,
        all.map((message) => message.content),
      );
    }
  });

  test('several messages are reviewed at once, and one beyond what the function can is left to fallbackResult', async (t) => {
    const users = Array.from({ length: children }, (_, n) => `user-${n}`);
    const { viewers } = await meet(t, 'moderator', 'DENY', users);
    const together = performance.now();
    await Promise.all(viewers.map((viewer) => viewer.say('sleep 500ms')));
    const tookMs = performance.now() - together;
    assert.ok(tookMs < 500 * children, `${children} messages of 500 ms took ${Math.round(tookMs)} ms`);
    const { viewers: more } = await meet(t, 'moderator', 'DENY', [...users, 'too many']);
    const outcomes = await Promise.allSettled(more.map((viewer) => viewer.say('sleep 1s')));
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as ChatError).errorCode] : [],
    );
    assert.deepEqual(refused, [406]);
  });

  test('UpdateRoom takes the handler away and gives it back at once', async (t) => {
    const { room, viewers } = await meet(t, 'sample', 'DENY', ['ann']);
    const [ann] = viewers;
    const says = (content: string) =>
      eventually(async () => assert.equal((await ann.say('x ')).content, content), 10_000);
    await stage.api.client.updateRoom({ identifier: room, messageReviewHandler: { uri: '' } });
    await says('x ');
    const messageReviewHandler = { uri: functionArn('sample') };
    await stage.api.client.updateRoom({ identifier: room, messageReviewHandler });
    await says('x modified by the lambda handler');
  });
});
