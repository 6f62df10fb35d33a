import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlPlaneUnderTest, startUnderTest } from './control-plane-under-test.ts';
import { rawRequest } from './raw-request.ts';

const origin = 'https://chat.example';
let closed: ControlPlaneUnderTest;
let open: ControlPlaneUnderTest;

before(async () => {
  closed = await startUnderTest();
  open = await startUnderTest({
    env: { ROOMSTREAM_CONTROL_PLANE_CORS_ORIGINS: `${origin}, http://b.example` },
  });
});
after(async () => {
  await closed.stop();
  await open.stop();
});

const preflight = (url: string, from: string) =>
  rawRequest(url, {
    method: 'OPTIONS',
    path: '/CreateRoom',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'amz-sdk-request,authorization,content-type,x-amz-date',
    },
  });

test('a browser may send the SDK’s requests from an allowed origin', async () => {
  const { status, headers } = await preflight(open.url, origin);
  assert.equal(status, 204);
  assert.equal(headers['access-control-allow-origin'], origin);
  assert.equal(headers['access-control-allow-methods'], 'GET,POST,DELETE');
  assert.equal(
    headers['access-control-allow-headers'],
    'amz-sdk-request,authorization,content-type,x-amz-date',
  );
  assert.ok(Number(headers['access-control-max-age']) > 0);
});

test('a page may read answers, errors and their headers, from an allowed origin', async () => {
  for (const [body, status] of [
    ['{}', 200],
    ['{"name":1}', 400],
  ] as const) {
    const answer = await rawRequest(open.url, {
      path: '/CreateRoom',
      body,
      user: 'test',
      headers: { origin },
    });
    assert.equal(answer.status, status);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.match(`${answer.headers['access-control-expose-headers']}`, /x-amzn-RequestId,x-amzn-ErrorType/);
    assert.equal(answer.headers.vary, 'Origin');
  }
});

test('other origins, and all when none is set, get no permission', async () => {
  for (const [url, from] of [
    [open.url, 'https://evil.example'],
    [closed.url, origin],
  ] as const) {
    const { headers } = await preflight(url, from);
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['access-control-allow-methods'], undefined);
    const answer = await rawRequest(url, {
      path: '/CreateRoom',
      body: '{}',
      user: 'test',
      headers: { origin: from },
    });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
});
