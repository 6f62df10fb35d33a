import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ApiError } from './errors.ts';
import { pageTokens } from './page-token.ts';

const secret = randomBytes(32);
const tokens = pageTokens(secret);
const scope = { operation: 'ListRooms', account: '123456789012', filters: ['a', undefined, undefined] };
const position = { score: 1_764_000_000_000_001 };

const isRefused = (error: unknown) => {
  const [field] = ((error as ApiError).members['fieldList'] ?? []) as { name: string }[];
  return error instanceof ApiError && error.type === 'ValidationException' && field?.name === 'nextToken';
};

test('a page token continues where it was made, in every process that shares the secret', () => {
  const others = pageTokens(Buffer.from(secret));
  assert.deepEqual(others.open(scope, tokens.seal(scope, position)), position);
});

test('a page token with any bit flipped, any character added or any left out is refused', () => {
  const token = tokens.seal(scope, position);
  const bytes = Buffer.from(token, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(() => tokens.open(scope, flipped.toString('base64url')), isRefused);
  }
  for (const text of [`${token}A`, `${token}=`, ` ${token}`, token.slice(1), token.slice(0, -1), 'x', '💥']) {
    assert.throws(() => tokens.open(scope, text), isRefused);
  }
});

test('a page token of another account, operation, filter or secret is refused', () => {
  const token = tokens.seal(scope, position);
  const scopes = [
    { ...scope, account: '123456789013' },
    { ...scope, operation: 'ListLoggingConfigurations' },
    { ...scope, filters: ['b', undefined, undefined] },
    { ...scope, filters: [undefined, 'a', undefined] },
    { ...scope, filters: [undefined, undefined, undefined] },
  ];
  for (const other of scopes) assert.throws(() => tokens.open(other, token), isRefused);
  const strangers = pageTokens(randomBytes(32));
  assert.throws(() => strangers.open(scope, token), isRefused);
});

test('a page token hides the position and fits the model’s 1,024 characters', () => {
  const token = tokens.seal(scope, position);
  assert.ok(token.length < 1024);
  assert.ok(!Buffer.from(token, 'base64url').toString('latin1').includes('score'));
  assert.notEqual(token, tokens.seal(scope, position));
});
