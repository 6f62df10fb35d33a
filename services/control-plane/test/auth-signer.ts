import assert from 'node:assert/strict';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey } from '../src/auth/access-key.ts';
import { authenticate } from '../src/auth/authenticate.ts';
import type { Credentials } from '../src/auth/credentials.ts';
import type { HttpRequest } from '../src/auth/http-request.ts';

// The official signer, the oracle of the signature tests, and the access keys that it signs with.

/** The time of the tests: noon of 31 July 2026. */
export const nowMs = Date.UTC(2026, 6, 31, 12, 0, 0);
/** The region of the tests. */
export const region = 'us-west-2';
const account = '123456789012';

type Query = Record<string, string | string[]>;
/** A request before it is signed. */
export type Unsigned = {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
};
/** How it is signed; by default as AKIDPLAIN, now, over TLS. */
export type Signing = {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly region?: string;
  readonly service?: string;
  readonly atMs?: number;
  readonly isTls?: boolean;
  readonly unsigned?: readonly string[];
};

/** Access keys of each kind; the user of each is `user-of-<id>`. */
export const keys = new Map<string, AccessKey>(
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
/** The keys as credentials. */
export const credentials: Credentials = { find: (id) => keys.get(id), close: () => Promise.resolve() };

/** Signs as the AWS SDK for JavaScript does. */
export async function sign(request: Unsigned, how: Signing = {}): Promise<HttpRequest> {
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

/** Percent-encodes as AWS clients do. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The user that a request is taken for, or the type of the fault. */
export function outcome(request: HttpRequest, atMs = nowMs): string {
  const result = authenticate(request, credentials, region, atMs);
  return result.kind === 'caller' ? result.caller.user : result.type;
}

/** The request with one header set, or without it. */
export function withHeader(request: HttpRequest, name: string, value: string | undefined): HttpRequest {
  const headers = new Map(request.headers);
  if (value === undefined) headers.delete(name);
  else headers.set(name, value);
  return { ...request, headers };
}

/** The request with another Authorization; the change must be one. */
export function withAuthorization(request: HttpRequest, change: (text: string) => string): HttpRequest {
  const text = request.headers.get('authorization') ?? '';
  const changed = change(text);
  assert.notEqual(changed, text);
  return withHeader(request, 'authorization', changed);
}

/** A plain request. */
export const createRoom: Unsigned = {
  method: 'POST',
  path: '/CreateRoom',
  query: {},
  headers: { host: 'chat.example', 'content-type': 'application/json' },
  body: Buffer.from('{"name":"lobby"}'),
};
