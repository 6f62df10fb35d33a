import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsFailureReason, fileFailureReason, reasonOfCode } from './failure-reason.ts';

const named = (name: string, httpStatusCode?: number, code?: string) =>
  Object.assign(new Error(name), { name, code, $metadata: { httpStatusCode } });

for (const [name, status, reason] of [
  ['AccessDenied', 403, 'access-denied'],
  ['AccessDeniedException', 400, 'access-denied'],
  ['UnrecognizedClientException', 400, 'access-denied'],
  ['InvalidAccessKeyId', 403, 'access-denied'],
  ['ExpiredToken', 400, 'access-denied'],
  ['SomethingNew', 403, 'access-denied'],
  ['CredentialsProviderError', undefined, 'access-denied'],
  ['NoSuchBucket', 404, 'not-found'],
  ['ResourceNotFoundException', 400, 'not-found'],
  ['KMS.NotFoundException', 400, 'not-found'],
  ['SlowDown', 503, 'throttled'],
  ['ThrottlingException', 400, 'throttled'],
  ['ServiceUnavailableException', 500, 'throttled'],
  ['SomethingNew', 429, 'throttled'],
  ['RequestTimeout', 400, 'timeout'],
  ['InternalError', 500, 'error'],
  ['KMS.DisabledException', 400, 'error'],
  ['InvalidArgumentException', 400, 'error'],
] as const) {
  test(`${name} with status ${status} is ${reason}`, () => {
    assert.equal(awsFailureReason(named(name, status)), reason);
  });
}

for (const [name, code, reason] of [
  ['Error', 'ECONNREFUSED', 'unreachable'],
  ['Error', 'ENOTFOUND', 'unreachable'],
  ['TimeoutError', 'ECONNRESET', 'unreachable'],
  ['Error', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable'],
  ['Error', 'ERR_TLS_CERT_ALTNAME_INVALID', 'unreachable'],
  ['TimeoutError', 'ETIMEDOUT', 'timeout'],
  ['TimeoutError', undefined, 'timeout'],
  ['AbortError', undefined, 'timeout'],
  ['TypeError', 'ERR_INVALID_ARG_TYPE', 'error'],
  ['TypeError', undefined, 'error'],
] as const) {
  test(`without an answer, ${name} ${code} is ${reason}`, () => {
    assert.equal(awsFailureReason(named(name, undefined, code)), reason);
  });
}

test('what isn’t an Error is an error', () => {
  assert.deepEqual(['text', undefined, null].map(awsFailureReason), ['error', 'error', 'error']);
});

for (const [code, reason] of [
  ['EACCES', 'access-denied'],
  ['EROFS', 'access-denied'],
  ['ENOENT', 'not-found'],
  ['ENOTDIR', 'not-found'],
  ['ENOSPC', 'error'],
  ['EIO', 'error'],
] as const) {
  test(`a file’s ${code} is ${reason}`, () => {
    assert.equal(fileFailureReason(Object.assign(new Error(code), { code })), reason);
  });
}

test('codes of single records are read like errors', () => {
  assert.equal(reasonOfCode('ServiceUnavailableException'), 'throttled');
  assert.equal(reasonOfCode('InternalFailure'), 'error');
  assert.equal(reasonOfCode(undefined), 'error');
});
