import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { freePort } from '@roomstream/testing/free-port';
import { type HandlerTable, noHandlers } from '../src/handler-table.ts';
import { type Invocation, withinBudget } from '../src/invocation.ts';
import { openInvoker } from '../src/invoke.ts';
import { longestAnswer } from '../src/verdict.ts';
import { startEndpoint } from './http-endpoint.ts';

const uri = 'arn:aws:lambda:us-west-2:000000000000:function:review:live';
const secret = 'a secret of the webhook';
const answer = '{"ReviewResult":"ALLOW","Content":"hi"}';

/** Invocations at once. */
const concurrency = 10;

/** Longer than any healthy invocation takes on a loaded machine. */
const ampleMs = 20_000;

type Place = 'lambda' | 'webhook';

function webhookAt(url: string): HandlerTable {
  return { find: () => ({ kind: 'webhook', url: new URL(`${url}/review`), secret }) };
}

/** Invokes a handler that lives at `url`, each time when it is called. */
function invokerAt(t: TestContext, place: Place, url: string, budgetMs = ampleMs): () => Promise<Invocation> {
  const invoker = openInvoker(
    {
      lambda: {
        endpoint: url,
        region: 'us-west-2',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      },
      concurrency,
    },
    () => (place === 'lambda' ? noHandlers : webhookAt(url)),
    openLog('test', 'silent'),
  );
  t.after(() => invoker.close());
  return () => withinBudget(budgetMs, (signal) => invoker.invoke(uri, '{"Content":"hello"}', signal));
}

/** Invokes a handler that lives at `url`, once. */
function invokeAt(t: TestContext, place: Place, url: string, budgetMs = ampleMs): Promise<Invocation> {
  return invokerAt(t, place, url, budgetMs)();
}

type Reply = (response: ServerResponse) => void;
const status =
  (code: number, headers: Record<string, string> = {}, body = '{}'): Reply =>
  (response) =>
    void response.writeHead(code, headers).end(body);
const awsError = (code: number, type: string) =>
  status(code, { 'x-amzn-errortype': type, 'content-type': 'application/json' }, '{"Message":"no"}');

const cases: readonly (readonly [name: string, place: Place, reply: Reply, expected: string])[] = [
  ['an answer', 'lambda', status(200, {}, answer), 'answered'],
  ['an answer', 'webhook', status(200, {}, answer), 'answered'],
  ['an empty answer', 'lambda', status(200, {}, ''), 'answered'],
  ['an empty answer', 'webhook', status(204, {}, ''), 'answered'],
  ['FunctionError', 'lambda', status(200, { 'x-amz-function-error': 'Unhandled' }), 'function-error'],
  ['500', 'webhook', status(500), 'function-error'],
  ['500', 'lambda', awsError(500, 'ServiceException'), 'unreachable'],
  ['502 of a proxy', 'webhook', status(502), 'unreachable'],
  ['a redirection', 'webhook', status(302, { location: 'http://127.0.0.1:1/' }), 'unreachable'],
  ['403', 'lambda', awsError(403, 'AccessDeniedException'), 'access-denied'],
  ['401', 'webhook', status(401), 'access-denied'],
  ['404', 'lambda', awsError(404, 'ResourceNotFoundException'), 'not-found'],
  ['404', 'webhook', status(404), 'not-found'],
  ['429', 'lambda', awsError(429, 'TooManyRequestsException'), 'throttled'],
  ['429', 'webhook', status(429), 'throttled'],
  ['a connection that is cut', 'lambda', (response) => void response.destroy(), 'unreachable'],
  ['a connection that is cut', 'webhook', (response) => void response.destroy(), 'unreachable'],
];

for (const [name, place, reply, expected] of cases) {
  test(`${name} of a ${place} is ${expected}, after one request`, async (t) => {
    const endpoint = await startEndpoint(t, (_posted, response) => reply(response));
    const invocation = await invokeAt(t, place, endpoint.url);
    assert.equal(invocation.kind === 'failed' ? invocation.reason : invocation.kind, expected);
    assert.equal(endpoint.posted.length, 1);
  });
}

const slow: readonly (readonly [name: string, reply: Reply])[] = [
  ['headers', () => undefined],
  ['body', (response) => void response.writeHead(200).write('{')],
];

for (const [name, reply] of slow) {
  for (const place of ['lambda', 'webhook'] as const) {
    test(`slow ${name} of a ${place} are cut off when the budget is over`, async (t) => {
      const endpoint = await startEndpoint(t, (_posted, response) => reply(response));
      const invocation = await invokeAt(t, place, endpoint.url, 300);
      assert.deepEqual(invocation, { kind: 'failed', reason: 'timeout' });
    });
  }
}

for (const place of ['lambda', 'webhook'] as const) {
  test(`a ${place} that refuses connections is unreachable`, async (t) => {
    const invocation = await invokeAt(t, place, `http://127.0.0.1:${await freePort()}`);
    assert.equal(invocation.kind === 'failed' && invocation.reason, 'unreachable');
  });

  test(`a ${place} that doesn’t speak TLS where it should is unreachable`, async (t) => {
    const endpoint = await startEndpoint(t, (_posted, response) => status(200)(response));
    const invocation = await invokeAt(t, place, endpoint.url.replace('http:', 'https:'));
    assert.equal(invocation.kind === 'failed' && invocation.reason, 'unreachable');
  });
}

for (const place of ['lambda', 'webhook'] as const) {
  test(`invocations of a ${place} use the connections that earlier ones have made`, async (t) => {
    const endpoint = await startEndpoint(t, (_posted, response) => status(200, {}, answer)(response));
    const invoke = invokerAt(t, place, endpoint.url);
    for (let i = 0; i < 5; i++) assert.equal((await invoke()).kind, 'answered');
    assert.deepEqual(endpoint.connections(), { made: 1, open: 1 });
  });

  test(`as many invocations of a ${place} are under way at once as configured, and no more`, async (t) => {
    const held: ServerResponse[] = [];
    const endpoint = await startEndpoint(t, (_posted, response) => void held.push(response));
    const invoke = invokerAt(t, place, endpoint.url);
    const outcomes = Promise.all(Array.from({ length: concurrency + 2 }, invoke));
    await eventually(() => assert.equal(held.length, concurrency));
    let answered = 0;
    await eventually(() => {
      for (const response of held.splice(0)) {
        answered++;
        status(200, {}, answer)(response);
      }
      assert.equal(answered, concurrency + 2);
    });
    assert.ok((await outcomes).every(({ kind }) => kind === 'answered'));
    assert.equal(endpoint.connections().made, concurrency);
  });

  test(`a connection to a ${place} is given up before its server closes it, for a request would be lost in that`, async (t) => {
    const headers = { connection: 'keep-alive', 'keep-alive': 'timeout=2' };
    const endpoint = await startEndpoint(t, (_posted, response) => status(200, headers, answer)(response));
    const invoke = invokerAt(t, place, endpoint.url);
    await invoke();
    // This server never closes it by itself.
    await eventually(() => assert.deepEqual(endpoint.connections(), { made: 1, open: 0 }));
    assert.equal((await invoke()).kind, 'answered');
  });
}

test('a webhook’s answer of 6 MB is read only as far as an answer may be long', async (t) => {
  const endpoint = await startEndpoint(t, (_posted, response) =>
    status(200, {}, answer.padEnd(6 * 1024 * 1024))(response),
  );
  const invocation = await invokeAt(t, 'webhook', endpoint.url);
  const length = invocation.kind === 'answered' ? invocation.payload.length : 0;
  assert.ok(length > longestAnswer && length < 2 * longestAnswer, `${length} bytes`);
});

test('a function is invoked by its ARN, once and synchronously', async (t) => {
  const endpoint = await startEndpoint(t, (_posted, response) => status(200, {}, answer)(response));
  await invokeAt(t, 'lambda', endpoint.url);
  const [{ path, headers, body }] = endpoint.posted as [(typeof endpoint.posted)[0]];
  assert.equal(decodeURIComponent(path), `/2015-03-31/functions/${uri}/invocations`);
  assert.equal(headers['x-amz-invocation-type'], 'RequestResponse');
  assert.match(headers.authorization ?? '', /Credential=test\/\d+\/us-west-2\/lambda\/aws4_request/);
  assert.equal(body, '{"Content":"hello"}');
});

test('a webhook can check who posts, and when: HMAC-SHA256 over timestamp and body', async (t) => {
  const endpoint = await startEndpoint(t, (_posted, response) => status(200, {}, answer)(response));
  await invokeAt(t, 'webhook', endpoint.url);
  const [{ path, headers, body }] = endpoint.posted as [(typeof endpoint.posted)[0]];
  const timestamp = headers['roomstream-timestamp'];
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  assert.equal(headers['roomstream-signature'], `v1=${signature}`);
  assert.equal(headers['roomstream-handler'], uri);
  assert.deepEqual(
    [path, headers['content-type'], body],
    ['/review', 'application/json', '{"Content":"hello"}'],
  );
});
