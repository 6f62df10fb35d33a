import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs } from '@roomstream/testing/tools';
import { askedMessage, type Expected, tableTimeoutMs } from '../src/handler-answers.ts';
import { type HandlerCertificates, makeHandlerCertificates } from '../src/handler-certificates.ts';
import { functionArn, type HandlerEndpoint, respond, startHandlerEndpoint } from '../src/handler-endpoint.ts';
import { assertReviewCase, reviewed } from '../src/review-cases.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { startWebhook, type Webhook } from '../src/webhook.ts';

const secret = 'a secret of the operator';
const untrusted: Expected = { kind: 'fallback', error: 'InvocationErrors' };

/** The worker trusts the authority, so that each certificate is refused for its own fault alone. */
const bad = {
  selfSigned: 'nobody it trusts has signed',
  expired: 'has expired',
  wrongHost: 'is another host’s',
} as const;
type Name = 'good' | keyof typeof bad;
const names: readonly Name[] = ['good', 'selfSigned', 'expired', 'wrongHost'];

/** A function endpoint and a webhook with one certificate. */
type Place = { readonly functions: HandlerEndpoint; readonly webhook: Webhook };

describe('handlers behind HTTPS', { skip: needs('openssl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-review-tls-'));
  const places = new Map<Name, Place>();
  let stage: Stage;

  before(async () => {
    const certificates = makeHandlerCertificates(folder);
    for (const name of names) places.set(name, await openPlace(name, certificates));
    const table = join(folder, 'handlers.json');
    const handlers = Object.fromEntries([...places].flatMap(([name, place]) => rows(name, place)));
    writeFileSync(table, JSON.stringify({ handlers }));
    stage = await openStage({
      reviewWorkers: 1,
      reviewWorkerEnv: {
        ROOMSTREAM_LAMBDA_ACCESS_KEY_ID: 'test',
        ROOMSTREAM_LAMBDA_SECRET_ACCESS_KEY: 'test',
        ROOMSTREAM_REVIEW_HANDLERS_FILE: table,
        NODE_EXTRA_CA_CERTS: certificates.authorityFile,
      },
      accountQuotas: { messageReviewTimeoutMs: tableTimeoutMs },
    });
  });
  after(async () => {
    await stage?.close();
    for (const { functions, webhook } of places.values()) {
      await Promise.all([functions.close(), webhook.close()]);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const placeOf = (name: Name): Place => {
    const place = places.get(name);
    assert.ok(place !== undefined);
    return place;
  };

  test('a function whose endpoint has a trusted certificate decides', async () => {
    const expected = { kind: 'allowed', content: 'from afar', attributes: askedMessage.Attributes } as const;
    await assertReviewCase(stage, functionArn('function-good'), expected);
  });

  test('a webhook with a trusted certificate decides', async () => {
    const frame = await reviewed(stage, functionArn('webhook-good'), 'DENY');
    assert.equal(frame.Content, 'from the web', frame.ErrorMessage);
  });

  for (const name of ['selfSigned', 'expired', 'wrongHost'] as const) {
    test(`a function endpoint whose certificate ${bad[name]} is told nothing, and fallbackResult decides`, async () => {
      await assertReviewCase(stage, functionArn(`function-${name}`), untrusted);
      assert.deepEqual(placeOf(name).functions.asked(`function-${name}`), []);
    });

    test(`a webhook whose certificate ${bad[name]} is told nothing, and fallbackResult decides`, async () => {
      await assertReviewCase(stage, functionArn(`webhook-${name}`), untrusted);
      assert.deepEqual(placeOf(name).webhook.asked, []);
    });
  }
});

async function openPlace(name: Name, certificates: HandlerCertificates): Promise<Place> {
  const functions = await startHandlerEndpoint(certificates[name]);
  functions.define(`function-${name}`, (response) =>
    respond(response, { ReviewResult: 'ALLOW', Content: 'from afar' }),
  );
  return { functions, webhook: await startWebhook(secret, certificates[name]) };
}

const rows = (name: Name, { functions, webhook }: Place): [string, unknown][] => [
  [functionArn(`function-${name}`), { lambda: { endpoint: functions.url } }],
  [functionArn(`webhook-${name}`), { webhook: { url: webhook.url, secret } }],
];
