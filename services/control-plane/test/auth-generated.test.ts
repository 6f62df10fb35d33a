import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthFaultType } from '../src/auth/auth-fault.ts';
import type { HttpRequest } from '../src/auth/http-request.ts';
import {
  encode,
  outcome,
  region,
  sign,
  type Unsigned,
  withAuthorization,
  withHeader,
} from './auth-signer.ts';

// Thousands of generated requests that the official signer signs are accepted, and none of them after any one thing in
// it was altered.

const seed = 20_260_731;
const cases = 1_000;
const arn = `arn:aws:ivschat:${region}:123456789012:room/AbCdEf123456`;

console.log(`signature tests: seed ${seed}`);

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
  const query: Record<string, string | string[]> = {};
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
