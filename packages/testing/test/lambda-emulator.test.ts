import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { InvokeCommand, type InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { buildReviewHandler } from '../src/build-review-handler.ts';
import { eventually } from '../src/eventually.ts';
import { type LambdaEmulator, startLambdaEmulator } from '../src/lambda-emulator.ts';
import { needs } from '../src/tools.ts';

const arnOf = (name: string) => `arn:aws:lambda:us-west-2:000000000000:function:${name}`;
const asked = {
  Content: 'hello ',
  MessageId: 'AAAAAAAAAAAA',
  RoomArn: 'arn:aws:ivschat:us-west-2:000000000000:room/AAAAAAAAAAAA',
  Attributes: { emote: 'wave' },
  Sender: { UserId: 'ann', Ip: '192.0.2.1', Attributes: {} },
};

describe('the Lambda emulator with handlers in Go', { skip: needs('go') }, () => {
  let emulator: LambdaEmulator;
  let client: LambdaClient;
  let moderator: string;

  before(async () => {
    emulator = await startLambdaEmulator();
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    client = new LambdaClient({ endpoint: emulator.url, region: 'us-west-2', credentials, maxAttempts: 1 });
    emulator.deploy('sample', { command: await buildReviewHandler('sample'), children: 1 });
    moderator = await buildReviewHandler('moderator');
  });
  after(async () => {
    client?.destroy();
    await emulator?.close();
  });

  const invoke = (name: string, payload: unknown = asked): Promise<InvokeCommandOutput> =>
    client.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }));
  const say = (name: string, Content: string) => invoke(arnOf(name), { ...asked, Content });
  const body = (output: InvokeCommandOutput): unknown =>
    JSON.parse(output.Payload?.transformToString() ?? '');

  test('the guide’s sample handler answers through the AWS SDK, by ARN, by qualified ARN and by name', async () => {
    for (const name of [arnOf('sample'), `${arnOf('sample')}:live`, 'sample']) {
      const output = await invoke(name);
      assert.equal(output.StatusCode, 200);
      assert.equal(output.FunctionError, undefined);
      assert.deepEqual(body(output), {
        ReviewResult: 'ALLOW',
        Content: 'hello modified by the lambda handler',
        Attributes: null,
      });
    }
  });

  test('an unknown function is a ResourceNotFoundException', async () => {
    await assert.rejects(invoke(arnOf('nobody')), { name: 'ResourceNotFoundException' });
  });

  test('an unsigned request is refused with 403', async () => {
    const answer = await fetch(`${emulator.url}/2015-03-31/functions/sample/invocations`, { method: 'POST' });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
  });

  test('as many invocations run at once as there are children; one more is a TooManyRequestsException', async (t) => {
    const busy = emulator.deploy('busy', { command: moderator, children: 3 });
    t.after(busy.close);
    await eventually(() => assert.equal(busy.pids().length, 3));
    await say('busy', 'ready?');
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => say('busy', 'sleep 2s')));
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.name] : [],
    );
    assert.deepEqual(refused, ['TooManyRequestsException']);
    assert.equal((await say('busy', 'now')).FunctionError, undefined);
  });

  test('an error, a panic, an exit and a timeout are function errors, and the next invocation is served', async (t) => {
    const options = { command: moderator, children: 1, timeoutMs: 4_000 };
    const faulty = emulator.deploy('faulty', options);
    t.after(faulty.close);
    const cases = [
      ['fail with words', 'errorString', 1],
      ['panic at once', 'string', 2],
      ['exit', 'Runtime.ExitError', 3],
      ['sleep 1m', /Sandbox\.Timedout|Error/, 4],
    ] as const;
    for (const [content, errorType] of cases) {
      const output = await say('faulty', content);
      assert.equal(output.FunctionError, 'Unhandled', content);
      const told = (body(output) as { errorType: string }).errorType;
      assert.ok(
        typeof errorType === 'string' ? told === errorType : errorType.test(told),
        `${content}: ${told}`,
      );
      assert.deepEqual(body(await say('faulty', 'still here')), {
        ReviewResult: 'ALLOW',
        Content: 'still here',
      });
    }
    assert.ok(faulty.starts() >= 3, 'a child that died was not started again');
    assert.equal(faulty.pids().length, 1);
  });

  test('a child that is killed from outside is replaced', async (t) => {
    const mortal = emulator.deploy('mortal', { command: moderator, children: 1 });
    t.after(mortal.close);
    await say('mortal', 'hello');
    const [pid = 0] = mortal.pids();
    const sleeping = say('mortal', 'sleep 1s');
    await eventually(() => mortal.running() === 1);
    process.kill(pid, 'SIGKILL');
    assert.equal((await sleeping).FunctionError, 'Unhandled');
    assert.equal((await say('mortal', 'again')).FunctionError, undefined);
    assert.notEqual(mortal.pids()[0], pid);
  });

  test('a program that can’t be started is a function error, not a hang', async (t) => {
    const absent = emulator.deploy('absent', { command: '/nowhere/bootstrap', children: 1 });
    t.after(absent.close);
    const output = await say('absent', 'anyone?');
    assert.equal(output.FunctionError, 'Unhandled');
    assert.equal((body(output) as { errorType: string }).errorType, 'Runtime.ExitError');
  });
});
