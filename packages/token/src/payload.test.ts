import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { aToken } from '../test/fixtures.ts';
import { decodePayload, encodePayload } from './payload.ts';

test('a token comes back as it went in', () => {
  const tokens = [
    aToken(),
    aToken({ userId: '', attributes: {}, capabilities: [] }),
    aToken({ userId: '𝕌'.repeat(128), attributes: { '': 'v', k: '' } }),
    aToken({ capabilities: ['SEND_MESSAGE', 'DISCONNECT_USER', 'DELETE_MESSAGE'] }),
    aToken({ attributes: { k: 'x'.repeat(127), l: 'x'.repeat(128), m: 'x'.repeat(700) } }),
  ];
  for (const token of tokens) assert.deepEqual(decodePayload(encodePayload(token)), token);
});

test('attributes named like members of Object are attributes', () => {
  const attributes = JSON.parse('{"__proto__":"a","constructor":"b"}');
  const opened = decodePayload(encodePayload(aToken({ attributes })));
  assert.equal(JSON.stringify(opened?.attributes), '{"__proto__":"a","constructor":"b"}');
});

test('1 KB of attributes takes little more than 1 KB, whatever the characters', () => {
  for (const character of ['"', '\u0001', '\\', 'x']) {
    const attributes = { a: character.repeat(1023) };
    assert.ok(encodePayload(aToken({ attributes })).length < 1024 + 100);
  }
});

test('the most and the smallest attributes that 1 KB allows stay below 2,400 bytes', () => {
  const letters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  const keys = [...letters, ...letters.slice(0, 4).flatMap((one) => letters.map((other) => one + other))];
  const attributes = Object.fromEntries(keys.slice(0, 128 + 448).map((key) => [key, '']));
  const token = aToken({ attributes });
  assert.equal(Object.keys(attributes).length, 576);
  assert.ok(encodePayload(token).length < 2_400);
  assert.deepEqual(decodePayload(encodePayload(token)), token);
});

test('a token that breaks its type is not sealed', () => {
  assert.throws(() => encodePayload(aToken({ id: 'short' })), TypeError);
  assert.throws(() => encodePayload(aToken({ room: 'AbCdEfGhIj/l' })), TypeError);
  assert.throws(() => encodePayload(aToken({ account: '12345678901x' })), TypeError);
  assert.throws(() => encodePayload(aToken({ userId: 'x'.repeat(0x8000) })), TypeError);
  for (const ms of [Number.NaN, -1, Number.POSITIVE_INFINITY])
    assert.throws(() => encodePayload(aToken({ tokenExpiresMs: ms })), TypeError);
});

test('a plaintext that is cut short, too long or of another version is no token', () => {
  const bytes = encodePayload(aToken({ attributes: { k: 'x'.repeat(200) } }));
  for (let end = 0; end < bytes.length; end++) {
    // Where the user id ends there is a whole token without attributes.
    const token = decodePayload(bytes.subarray(0, end));
    assert.ok(token === undefined || Object.keys(token.attributes).length === 0);
  }
  assert.equal(decodePayload(Buffer.concat([bytes, Buffer.of(0)])), undefined);
  assert.equal(decodePayload(Buffer.concat([Buffer.of(2), bytes.subarray(1)])), undefined);
});

test('random bytes never make the decoder throw', () => {
  for (let i = 0; i < 5_000; i++) {
    const bytes = randomBytes(i % 200);
    bytes[0] = 1;
    decodePayload(bytes);
  }
});
