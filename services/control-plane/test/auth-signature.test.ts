import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AccessKey } from '../src/auth/access-key.ts';
import { authenticate } from '../src/auth/authenticate.ts';
import type { Credentials } from '../src/auth/credentials.ts';
import type { HttpRequest } from '../src/auth/http-request.ts';
import {
  createRoom,
  credentials,
  keys,
  nowMs,
  outcome,
  region,
  sign,
  withAuthorization,
  withHeader,
} from './auth-signer.ts';

// The rules of the signature one by one, each on a request that the official signer signed.

test('a request that is right but for its wrong secret, region or service is refused', async () => {
  assert.equal(outcome(await sign(createRoom, { secretAccessKey: 'wrong' })), 'InvalidSignatureException');
  assert.equal(outcome(await sign(createRoom, { region: 'eu-west-1' })), 'InvalidSignatureException');
  assert.equal(outcome(await sign(createRoom, { service: 'ivs' })), 'InvalidSignatureException');
});

// "RequestExpired beyond 15 minutes of skew" (contract)
const minute = 60_000;
for (const [skewMs, expected] of [
  [-15 * minute - 1000, 'RequestExpired'],
  [-15 * minute, 'user-of-AKIDPLAIN'],
  [-15 * minute + 1000, 'user-of-AKIDPLAIN'],
  [15 * minute - 1000, 'user-of-AKIDPLAIN'],
  [15 * minute, 'user-of-AKIDPLAIN'],
  [15 * minute + 1000, 'RequestExpired'],
] as const) {
  test(`a request signed ${-skewMs / 1000} s from now gives ${expected}`, async () => {
    assert.equal(outcome(await sign(createRoom, { atMs: nowMs + skewMs })), expected);
  });
}

test('the day before counts just after midnight, and its key is not mixed up with the next one', async () => {
  const midnight = Date.UTC(2026, 7, 1);
  const before = await sign(createRoom, { atMs: midnight - minute });
  const after = await sign(createRoom, { atMs: midnight + minute });
  for (const request of [before, after, before])
    assert.equal(outcome(request, midnight), 'user-of-AKIDPLAIN');
});

test('a new secret under an old access key id counts at once', async () => {
  const key = keys.get('AKIDPLAIN') as AccessKey;
  assert.equal(outcome(await sign(createRoom)), 'user-of-AKIDPLAIN');
  const renewed: Credentials = { ...credentials, find: () => ({ ...key, secretAccessKey: 'renewed' }) };
  const asOf = (request: HttpRequest) => authenticate(request, renewed, region, nowMs).kind;
  assert.equal(asOf(await sign(createRoom)), 'fault');
  assert.equal(asOf(await sign(createRoom, { secretAccessKey: 'renewed' })), 'caller');
});

test('a signature that leaves out the host, the date or an x-amz header is refused', async () => {
  assert.equal(outcome(await sign(createRoom, { unsigned: ['host'] })), 'InvalidSignatureException');
  assert.equal(outcome(await sign(createRoom, { unsigned: ['x-amz-date'] })), 'InvalidSignatureException');
  assert.equal(
    outcome(await sign(createRoom, { unsigned: ['x-amz-content-sha256'] })),
    'InvalidSignatureException',
  );
});

test('a content type that is not signed is accepted', async () => {
  assert.equal(outcome(await sign(createRoom, { unsigned: ['content-type'] })), 'user-of-AKIDPLAIN');
});

test('a request without Authorization is told so, a presigned one that it is not supported', async () => {
  const signed = await sign(createRoom);
  const bare = withHeader(signed, 'authorization', undefined);
  assert.equal(outcome(bare), 'MissingAuthenticationToken');
  assert.equal(
    outcome({ ...bare, rawQuery: 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00' }),
    'IncompleteSignature',
  );
});

test('an Authorization that is not of its form is an incomplete signature', async () => {
  const signed = await sign(createRoom);
  for (const change of [
    (text: string) => text.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    (text: string) => text.replace(/Credential=[^,]+, /, ''),
    (text: string) => text.replace(/, SignedHeaders=[^,]+/, ''),
    (text: string) => text.replace(/, Signature=.*/, ''),
    (text: string) => text.replace('/aws4_request', ''),
    (text: string) => text.replace('AKIDPLAIN', ''),
    (text: string) => text.replace('content-type;host', 'host;content-type'),
    (text: string) => text.replace('content-type;host', 'content-type;content-type;host'),
    (text: string) => text.replace('host', 'Host'),
    (text: string) => text.slice(0, -1),
    (text: string) => `${text}, ${text}`,
    (text: string) => `${text}, Extra=1`,
    () => 'Bearer abc',
    () => '',
  ]) {
    assert.equal(outcome(withAuthorization(signed, change)), 'IncompleteSignature', change.toString());
  }
});

test('a date that is missing, broken or not in the calendar is an incomplete signature', async () => {
  const signed = await sign(createRoom);
  for (const date of [
    undefined,
    '',
    '2026-07-31T12:00:00Z',
    '20260731T120000',
    '20260732T120000Z',
    '20260731T120000Z,20260731T120000Z',
  ]) {
    assert.equal(outcome(withHeader(signed, 'x-amz-date', date)), 'IncompleteSignature', String(date));
  }
});

// Session tokens: "session tokens of configured temporary credentials" (issue)
test('temporary credentials need their session token, the right one, until they expire', async () => {
  const temp = { accessKeyId: 'ASIATEMP', sessionToken: 'the/session+token==' };
  const signed = await sign(createRoom, temp);
  assert.equal(outcome(signed), 'user-of-ASIATEMP');
  assert.equal(outcome(signed, nowMs + 59_999), 'user-of-ASIATEMP');
  assert.equal(outcome(signed, nowMs + 60_000), 'ExpiredTokenException');
  assert.equal(
    outcome(await sign(createRoom, { ...temp, accessKeyId: 'ASIAOVER' })),
    'ExpiredTokenException',
  );
  assert.equal(outcome(await sign(createRoom, { accessKeyId: 'ASIATEMP' })), 'UnrecognizedClientException');
  assert.equal(
    outcome(await sign(createRoom, { ...temp, sessionToken: 'another' })),
    'UnrecognizedClientException',
  );
  assert.equal(
    outcome(await sign(createRoom, { ...temp, unsigned: ['x-amz-security-token'] })),
    'InvalidSignatureException',
  );
  assert.equal(outcome(withHeader(signed, 'x-amz-security-token', undefined)), 'InvalidSignatureException');
});

test('a session token with credentials that have none is refused', async () => {
  assert.equal(outcome(await sign(createRoom, { sessionToken: 'any' })), 'UnrecognizedClientException');
});

// "UNSIGNED-PAYLOAD only over TLS" (issue)
test('an unsigned payload is accepted over TLS alone', async () => {
  const request = {
    ...createRoom,
    headers: { ...createRoom.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  };
  assert.equal(outcome(await sign(request, { isTls: true })), 'user-of-AKIDPLAIN');
  assert.equal(outcome(await sign(request, { isTls: false })), 'InvalidSignatureException');
});

test('streaming payloads and hashes that are not the body’s are refused, though signed', async () => {
  const other = createHash('sha256').update('another body').digest('hex');
  const own = createHash('sha256').update(createRoom.body).digest('hex');
  for (const declared of [
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    other,
    own.toUpperCase(),
    '',
    `${own},${own}`,
  ]) {
    const request = { ...createRoom, headers: { ...createRoom.headers, 'x-amz-content-sha256': declared } };
    assert.equal(outcome(await sign(request)), 'InvalidSignatureException', declared);
  }
});

test('the body is compared with its declared hash', async () => {
  const signed = await sign(createRoom);
  assert.ok(signed.headers.has('x-amz-content-sha256'));
  assert.equal(outcome({ ...signed, body: Buffer.from('{"name":"lobbY"}') }), 'InvalidSignatureException');
});

test('the same path and query in another spelling of the same meaning is accepted, a broken one refused', async () => {
  const signed = await sign({
    ...createRoom,
    method: 'DELETE',
    path: '/tags/a',
    query: { tagKeys: ['b~', 'a'] },
  });
  assert.equal(outcome({ ...signed, rawQuery: 'tagKeys=%61&tagKeys=b%7e' }), 'user-of-AKIDPLAIN');
  assert.equal(outcome({ ...signed, rawPath: '//tags/./x/../a' }), 'user-of-AKIDPLAIN');
  for (const rawQuery of ['tagKeys=%zz', 'tagKeys=%6', '%=a', 'tagKeys=a']) {
    assert.equal(outcome({ ...signed, rawQuery }), 'InvalidSignatureException', rawQuery);
  }
  assert.equal(outcome({ ...signed, rawPath: '/tags/a%' }), 'InvalidSignatureException');
  assert.equal(outcome({ ...signed, rawPath: '/tags/漢' }), 'InvalidSignatureException');
});

test('no fault’s message holds a secret or the expected signature', async () => {
  const signed = await sign(createRoom);
  const expected = /Signature=([0-9a-f]+)/.exec(signed.headers.get('authorization') ?? '')?.[1] ?? '';
  const forged = withAuthorization(signed, (text) =>
    text.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`),
  );
  const text = JSON.stringify(authenticate(forged, credentials, region, nowMs));
  assert.ok(!text.includes(expected) && !text.includes('secret/of'));
});
