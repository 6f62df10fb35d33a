import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort } from '@roomstream/testing/free-port';
import { answerCases, askedMessage, tableTimeoutMs } from '../src/handler-answers.ts';
import { functionArn, type HandlerEndpoint, respond, startHandlerEndpoint } from '../src/handler-endpoint.ts';
import { lambdaEnv } from '../src/lambda-env.ts';
import { connectRaw } from '../src/raw-client.ts';
import { assertReviewCase, reviewed } from '../src/review-cases.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { startWebhook, type Webhook } from '../src/webhook.ts';

let handlers: HandlerEndpoint;
let stage: Stage;
let webhook: Webhook;
const webhookSecret = 'a secret of the operator';
const folder = mkdtempSync(join(tmpdir(), 'roomstream-review-'));

/** Quick, and few enough that none waits for its turn. */
const casesAtOnce = 4;

before(async () => {
  handlers = await startHandlerEndpoint();
  webhook = await startWebhook(webhookSecret);
  const table = join(folder, 'handlers.json');
  const elsewhere = {
    refused: `http://127.0.0.1:${await freePort()}`,
    // Bad certificates: review-tls.test.ts.
    plain: handlers.url.replace('http:', 'https:'),
    // Nobody resolves a name of this domain (RFC 6761).
    unnamed: 'http://lambda.invalid',
  };
  const entries: [string, unknown][] = Object.entries(elsewhere).map(([name, endpoint]) => [
    functionArn(name),
    { lambda: { endpoint } },
  ]);
  entries.push([functionArn('web*'), { webhook: { url: webhook.url, secret: webhookSecret } }]);
  writeFileSync(table, JSON.stringify({ handlers: Object.fromEntries(entries) }));
  stage = await openStage({
    reviewWorkers: 1,
    env: { ...lambdaEnv(handlers.url), ROOMSTREAM_REVIEW_HANDLERS_FILE: table },
    gatewayEnv: { ROOMSTREAM_TRUSTED_PROXIES: '127.0.0.1/32' },
    accountQuotas: { messageReviewTimeoutMs: tableTimeoutMs },
  });
});
after(async () => {
  await stage?.close();
  await handlers?.close();
  await webhook?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('each answer of a handler has the result and moves the metric that the contract says, for both fallbacks', {
  concurrency: casesAtOnce,
}, async (t) => {
  const cases = answerCases.map(({ what, expected, behaviour }, n) => {
    const uri = handlers.define(`case-${n}`, behaviour);
    return t.test(what, () => assertReviewCase(stage, uri, expected));
  });
  await Promise.all(cases);
});

for (const [name, what] of [
  ['refused', 'an endpoint that refuses connections'],
  ['plain', 'an endpoint that speaks plain HTTP where TLS is expected'],
  ['unnamed', 'an endpoint whose name has no address'],
] as const) {
  test(`${what} leaves the message to fallbackResult and counts as InvocationErrors`, async () => {
    await assertReviewCase(stage, functionArn(name), { kind: 'fallback', error: 'InvocationErrors' });
  });
}

test('only the sender learns of a denied message', async (t) => {
  const uri = handlers.define('deny-bad', (response, { Content }) => {
    const body = Content === 'bad' ? { ReviewResult: 'DENY' } : { ReviewResult: 'ALLOW', Content };
    response.writeHead(200).end(JSON.stringify(body));
  });
  const room = await stage.api.createRoom({ messageReviewHandler: { uri, fallbackResult: 'DENY' } });
  const connect = async (userId: string, gateway: number) => {
    const client = await connectRaw(stage.url(gateway), await stage.api.token(room, userId));
    t.after(client.socket.destroy);
    return client;
  };
  // A second connection of the sender himself is not the sender's.
  const [ann, annToo, bob] = [await connect('ann', 0), await connect('ann', 0), await connect('bob', 1)];
  assert.equal((await ann.say('bad')).ErrorCode, 406);
  const good = await ann.say('good');
  for (const client of [annToo, bob]) {
    await client.received((frame) => frame.Id === good.Id);
    assert.deepEqual(
      client.frames().map((frame) => frame.Content),
      ['good'],
    );
  }
});

test('a webhook reviews messages in place of a function, and its requests are signed', async () => {
  const frame = await reviewed(stage, functionArn('webhook'), 'DENY');
  assert.equal(frame.Content, 'from the web', frame.ErrorMessage);
  assert.deepEqual(frame.Attributes, askedMessage.Attributes);
  assert.equal(webhook.asked.length, 1);
  assert.equal(webhook.asked[0]?.Content, askedMessage.Content);
});

test('behind a trusted proxy the handler is told the address that the proxy saw', async (t) => {
  const uri = handlers.define('address', (response, { Content }) =>
    respond(response, { ReviewResult: 'ALLOW', Content }),
  );
  const room = await stage.api.createRoom({ messageReviewHandler: { uri } });
  const headers = { 'X-Forwarded-For': '198.51.100.7' };
  const client = await connectRaw(stage.url(0), await stage.api.token(room, 'ann'), { headers });
  t.after(client.socket.destroy);
  await client.say('where am I?');
  assert.equal(handlers.asked('address')[0]?.Sender.Ip, '198.51.100.7');
});
