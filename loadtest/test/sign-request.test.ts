import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { signRequest } from '@roomstream/system-tests/sign-request';
import { type Hashes, signPost } from '../lib/pure/sign-request.ts';

const bytes = (key: string | ArrayBuffer) => (typeof key === 'string' ? key : Buffer.from(key));
const hmac = (key: string | ArrayBuffer, text: string) => createHmac('sha256', bytes(key)).update(text);

/** The functions of k6/crypto, of Node. */
const hashes: Hashes = {
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  hmac: (key, text) => Uint8Array.from(hmac(key, text).digest()).buffer,
  hmacHex: (key, text) => hmac(key, text).digest('hex'),
};
const nowMs = Date.UTC(2026, 10, 22, 9, 5, 7);
const signer = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'hush', sessionToken: '', region: 'eu-west-1' };
const post = { host: '127.0.0.1:8080', path: '/CreateChatToken', body: '{"userId":"änne"}' };

function byAnotherHand(headers: Readonly<Record<string, string>>) {
  const plain = { method: 'POST', path: post.path, headers, body: Buffer.from(post.body) };
  return signRequest(plain, signer, new Date(nowMs))['authorization'];
}

test('a POST is signed as another implementation signs it', () => {
  const signed = signPost(post, signer, hashes, nowMs);
  assert.equal(signed['x-amz-date'], '20261122T090507Z');
  assert.equal(
    signed['authorization'],
    byAnotherHand({ 'content-type': 'application/json', host: post.host }),
  );
  assert.equal(signed['host'], undefined, 'the client library writes it from the URL');
});

test('the session token of temporary credentials is sent and signed', () => {
  const signed = signPost(post, { ...signer, sessionToken: 'temporary' }, hashes, nowMs);
  assert.equal(signed['x-amz-security-token'], 'temporary');
  const headers = {
    'content-type': 'application/json',
    host: post.host,
    'x-amz-security-token': 'temporary',
  };
  assert.equal(signed['authorization'], byAnotherHand(headers));
});
