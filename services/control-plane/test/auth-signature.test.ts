import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey } from '../src/auth/access-key.ts';
import type { AuthFaultType } from '../src/auth/auth-fault.ts';
import { authenticate } from '../src/auth/authenticate.ts';
import type { Credentials } from '../src/auth/credentials.ts';
import type { HttpRequest } from '../src/auth/http-request.ts';

// The official signer is the oracle: thousands of generated requests that it signs are accepted, and none of them
// after any one thing in it was altered.

const seed = 20_260_731;
const cases = 1_000;
const nowMs = Date.UTC(2026, 6, 31, 12, 0, 0);
const region = 'us-west-2';
const account = '123456789012';
const arn = `arn:aws:ivschat:${region}:${account}:room/AbCdEf123456`;

console.log(`signature tests: seed ${seed}`);

type Query = Record<string, string | string[]>;
type Unsigned = {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
};
type Signing = {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly region?: string;
  readonly service?: string;
  readonly atMs?: number;
  readonly isTls?: boolean;
  readonly unsigned?: readonly string[];
};

const keys = new Map<string, AccessKey>(
  [
    { id: 'AKIDPLAIN', token: undefined, expiresMs: undefined },
    { id: 'AKIDOTHER', token: undefined, expiresMs: undefined },
    { id: 'ASIATEMP', token: 'the/session+token==', expiresMs: nowMs + 60_000 },
    { id: 'ASIAOVER', token: 'the/session+token==', expiresMs: nowMs },
  ].map(({ id, token, expiresMs }) => [
    id,
    {
      secretAccessKey: `secret/of+${id}`,
      sessionToken: token,
      expiresMs,
      caller: { account, user: `user-of-${id}`, accessKeyId: id, policies: [] },
    },
  ]),
);
const credentials: Credentials = { find: (id) => keys.get(id), close: () => Promise.resolve() };

/** Signs as the AWS SDK for JavaScript does. */
async function sign(request: Unsigned, how: Signing = {}): Promise<HttpRequest> {
  const accessKeyId = how.accessKeyId ?? 'AKIDPLAIN';
  const signer = new SignatureV4({
    credentials: {
      accessKeyId,
      secretAccessKey: how.secretAccessKey ?? `secret/of+${accessKeyId}`,
      ...(how.sessionToken === undefined ? {} : { sessionToken: how.sessionToken }),
    },
    region: how.region ?? region,
    service: how.service ?? 'ivschat',
    sha256: Sha256,
  });
  const signed = await signer.sign(
    { ...request, protocol: 'https:', hostname: 'chat.example' },
    { signingDate: new Date(how.atMs ?? nowMs), unsignableHeaders: new Set(how.unsigned ?? []) },
  );
  return {
    method: request.method,
    rawPath: request.path,
    rawQuery: renderQuery(request.query),
    headers: new Map(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: request.body,
    isTls: how.isTls ?? true,
  };
}

function renderQuery(query: Query): string {
  return Object.entries(query)
    .flatMap(([name, values]) => [values].flat().map((value) => `${encode(name)}=${encode(value)}`))
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function outcome(request: HttpRequest, atMs = nowMs): string {
  const result = authenticate(request, credentials, region, atMs);
  return result.kind === 'caller' ? result.caller.user : result.type;
}

function withHeader(request: HttpRequest, name: string, value: string | undefined): HttpRequest {
  const headers = new Map(request.headers);
  if (value === undefined) headers.delete(name);
  else headers.set(name, value);
  return { ...request, headers };
}

function withAuthorization(request: HttpRequest, change: (text: string) => string): HttpRequest {
  const text = request.headers.get('authorization') ?? '';
  const changed = change(text);
  assert.notEqual(changed, text);
  return withHeader(request, 'authorization', changed);
}

/** mulberry32. */
function seededRandom(): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const alphabet = [..."abcXYZ019-_.~ %+&=/:;,!'()*$@#?é漢🎉"];

function generate(below: (limit: number) => number): Unsigned {
  const text = (most: number) =>
    Array.from({ length: below(most + 1) }, () => alphabet[below(alphabet.length)]).join('');
  const operations = ['CreateRoom', 'CreateChatToken', 'ListRooms', 'SendEvent', 'DeleteMessage'];
  const headers: Record<string, string> = {
    host: `chat-${below(9)}.example:8080`,
    'user-agent': `agent/${below(99)}  of   ${below(99)}`,
    'amz-sdk-request': `attempt=${below(3)}; max=3`,
  };
  if (below(2) === 0) headers['content-type'] = 'application/json';
  if (below(3) === 0) headers['x-amz-user-agent'] = `  aws-sdk-js/${below(9)}   ua/2.1\tos `;
  if (below(3) === 0)
    return {
      method: 'POST',
      path: `/${operations[below(5)]}`,
      query: {},
      headers,
      body: Buffer.from(JSON.stringify({ name: text(40) })),
    };
  const query: Query = {};
  if (below(2) === 0) query['tagKeys'] = Array.from({ length: 1 + below(5) }, () => text(12));
  for (let i = below(3); i > 0; i--) query[`q${text(6)}`] = text(10);
  const path =
    ['/tags/', '/./tags//', '/a/../tags/'][below(3)] + encode(`${arn}${text(4)}`) + ['', '/'][below(2)];
  return {
    method: ['GET', 'POST', 'DELETE'][below(3)] ?? 'GET',
    path,
    query,
    headers,
    body: Buffer.from(text(60)),
  };
}

/** Every way in which somebody without the key could alter a request, and what he is told. */
function alterations(signed: HttpRequest): [string, HttpRequest, AuthFaultType][] {
  const invalid = 'InvalidSignatureException';
  const signedHeaders =
    /SignedHeaders=([^,]+)/.exec(signed.headers.get('authorization') ?? '')?.[1]?.split(';') ?? [];
  const flipped = Buffer.from(signed.body);
  if (flipped[0] !== undefined) flipped[0] ^= 1;
  const result: [string, HttpRequest, AuthFaultType][] = [
    ['method', { ...signed, method: signed.method === 'PUT' ? 'POST' : 'PUT' }, invalid],
    ['path', { ...signed, rawPath: `${signed.rawPath}x` }, invalid],
    [
      'case of the path',
      {
        ...signed,
        rawPath: signed.rawPath.replace(
          /([a-z])([^a-z]*)$/,
          (_, letter, rest) => letter.toUpperCase() + rest,
        ),
      },
      invalid,
    ],
    ['query', { ...signed, rawQuery: `${signed.rawQuery}&tagKeys=added` }, invalid],
    ['longer body', { ...signed, body: Buffer.concat([signed.body, Buffer.from(' ')]) }, invalid],
    ['scope date', withAuthorization(signed, (text) => text.replace('/20260731/', '/20260730/')), invalid],
    [
      'scope region',
      withAuthorization(signed, (text) => text.replace(`/${region}/`, '/eu-west-1/')),
      invalid,
    ],
    ['scope service', withAuthorization(signed, (text) => text.replace('/ivschat/', '/ivs/')), invalid],
    [
      'scope terminator',
      withAuthorization(signed, (text) => text.replace('/aws4_request', '/aws5_request')),
      invalid,
    ],
    ['another key', withAuthorization(signed, (text) => text.replace('AKIDPLAIN', 'AKIDOTHER')), invalid],
    [
      'unknown key',
      withAuthorization(signed, (text) => text.replace('AKIDPLAIN', 'AKIDNOBODY')),
      'UnrecognizedClientException',
    ],
    [
      'signature',
      withAuthorization(signed, (text) => text.replace(/[0-9a-f]$/, (digit) => (digit === '0' ? '1' : '0'))),
      invalid,
    ],
    ['date', withHeader(signed, 'x-amz-date', '20260731T120001Z'), invalid],
    ['added x-amz header', withHeader(signed, 'x-amz-added', 'x'), invalid],
  ];
  if (signed.body.length > 0) result.push(['flipped body', { ...signed, body: flipped }, invalid]);
  if (signed.rawQuery !== '')
    result.push([
      'query without its end',
      { ...signed, rawQuery: signed.rawQuery.replace(/&?[^&]*$/, '') },
      invalid,
    ]);
  for (const name of signedHeaders.filter(
    (name) => name !== 'x-amz-date' && name !== 'x-amz-content-sha256',
  )) {
    result.push([`header ${name}`, withHeader(signed, name, `${signed.headers.get(name)}x`), invalid]);
    result.push([`header ${name} gone`, withHeader(signed, name, undefined), invalid]);
  }
  return result;
}

test(`${cases} generated requests of the official signer are accepted`, async () => {
  const below = seededRandom();
  for (let i = 0; i < cases; i++) {
    const request = generate(below);
    const signed = await sign(request);
    assert.equal(outcome(signed), 'user-of-AKIDPLAIN', JSON.stringify({ seed, i, request }));
  }
});

test('each of them is refused, with the fault of its kind, once anything in it is altered', async () => {
  const below = seededRandom();
  let altered = 0;
  for (let i = 0; i < cases; i++) {
    const request = generate(below);
    const signed = await sign(request);
    for (const [what, other, fault] of alterations(signed)) {
      assert.equal(outcome(other), fault, `${what}: ${JSON.stringify({ seed, i, request })}`);
      altered++;
    }
  }
  console.log(`signature tests: ${altered} altered requests`);
  assert.ok(altered > 10 * cases);
});

const createRoom: Unsigned = {
  method: 'POST',
  path: '/CreateRoom',
  query: {},
  headers: { host: 'chat.example', 'content-type': 'application/json' },
  body: Buffer.from('{"name":"lobby"}'),
};

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
