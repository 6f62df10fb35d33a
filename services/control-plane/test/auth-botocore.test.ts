import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { authenticate } from '../src/auth/authenticate.ts';
import { localCredentials } from '../src/auth/credentials.ts';
import type { HttpRequest } from '../src/auth/http-request.ts';

// What botocore 1.43.11 (AWS CLI 1.45.11) put on the wire with the credentials test/test, as received: it encodes the
// ARN's slashes and colons in the path and signs that path encoded once more, and leaves out x-amz-content-sha256.

const credentials = localCredentials('test', 'test', '000000000000');
const tagsPath = '/tags/arn%3Aaws%3Aivschat%3Aus-west-2%3A000000000000%3Aroom%2FAbCdEf123456';

function received(
  method: string,
  target: string,
  stamp: string,
  signedHeaders: string,
  signature: string,
  body = '',
): HttpRequest {
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const headers = new Map([
    ['host', '127.0.0.1:18997'],
    ['accept-encoding', 'identity'],
    ['x-amz-date', stamp],
    ['amz-sdk-request', 'attempt=1'],
    [
      'authorization',
      `AWS4-HMAC-SHA256 Credential=test/${stamp.slice(0, 8)}/us-west-2/ivschat/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    ],
  ]);
  if (body !== '') headers.set('content-type', 'application/json');
  return { method, rawPath, rawQuery, headers, body: Buffer.from(body), isTls: false };
}

const recorded = [
  {
    command: 'list-tags-for-resource',
    request: received(
      'GET',
      tagsPath,
      '20261122T164020Z',
      'host;x-amz-date',
      'd41a34cc26dc0fac758ff40ec9bac8cfcfff4a545bf25003d39bbe2773bc6f32',
    ),
  },
  {
    command: 'untag-resource',
    request: received(
      'DELETE',
      `${tagsPath}?tagKeys=b%20%C3%A9&tagKeys=a%2Bb&tagKeys=a%26b`,
      '20261122T164021Z',
      'host;x-amz-date',
      '7e149abc0d22520f4685f17ba596b1e8abea5765825f7e92f914c796580d579d',
    ),
  },
  {
    command: 'create-room',
    request: received(
      'POST',
      '/CreateRoom',
      '20261122T164021Z',
      'content-type;host;x-amz-date',
      '4f669053acf5a3cb4e0c34e146386421074fcad12662f74920248ddf9b554b91',
      '{"name": "x"}',
    ),
  },
];

const nowMs = Date.UTC(2026, 10, 22, 16, 45);

for (const { command, request } of recorded) {
  test(`aws ivschat ${command}, as botocore signed it, is accepted`, () => {
    const result = authenticate(request, credentials, 'us-west-2', nowMs);
    assert.equal(result.kind, 'caller', JSON.stringify(result));
  });

  test(`aws ivschat ${command} with its path decoded on the way is refused`, () => {
    const rawPath = request.rawPath.includes('%')
      ? decodeURIComponent(request.rawPath)
      : `${request.rawPath}/`;
    const result = authenticate({ ...request, rawPath }, credentials, 'us-west-2', nowMs);
    assert.equal(result.kind === 'fault' ? result.type : '', 'InvalidSignatureException');
  });
}

/** Signs with the Date header alone, as old clients do; written down from the specification, sharing nothing with the verifier. */
function signWithDate(
  date: string,
  stamp: string,
  signedHeaders: string,
  scope = `${stamp.slice(0, 8)}/us-west-2/ivschat/aws4_request`,
): HttpRequest {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const headers = new Map([
    ['date', date],
    ['host', 'chat.example'],
  ]);
  const lines = signedHeaders.split(';').map((name) => `${name}:${headers.get(name)}\n`);
  const canonical = `POST\n/ListRooms\n\n${lines.join('')}\n${signedHeaders}\n${sha256('{}')}`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, 'AWS4test');
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`).toString('hex');
  headers.set(
    'authorization',
    `AWS4-HMAC-SHA256 Credential=test/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`,
  );
  return {
    method: 'POST',
    rawPath: '/ListRooms',
    rawQuery: '',
    headers,
    body: Buffer.from('{}'),
    isTls: false,
  };
}

test('a request dated by its signed Date header is accepted, and refused when that is not signed', () => {
  const date = 'Sun, 22 Nov 2026 16:45:00 GMT';
  const signed = signWithDate(date, '20261122T164500Z', 'date;host');
  assert.equal(authenticate(signed, credentials, 'us-west-2', nowMs).kind, 'caller');
  const unsigned = signWithDate(date, '20261122T164500Z', 'host');
  assert.equal(authenticate(unsigned, credentials, 'us-west-2', nowMs).kind, 'fault');
});

// "credential-scope date equals request date": else a key derived for one day would sign for every other.
test('a scope of another day or terminator is refused, though consistently signed', () => {
  for (const [scope, message] of [
    ['20261121/us-west-2/ivschat/aws4_request', /'20261121' != '20261122'/],
    ['20261122/us-west-2/ivschat/aws5_request', /valid terminator/],
  ] as const) {
    const signed = signWithDate('Sun, 22 Nov 2026 16:45:00 GMT', '20261122T164500Z', 'date;host', scope);
    const result = authenticate(signed, credentials, 'us-west-2', nowMs);
    assert.equal(result.kind === 'fault' ? result.type : '', 'InvalidSignatureException');
    assert.match(result.kind === 'fault' ? result.message : '', message);
  }
});
