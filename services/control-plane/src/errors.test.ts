import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from './errors.ts';
import { type ShapeName, shapes } from './model/shapes.ts';
import { validate } from './validate.ts';

const made = [
  errors.validationError([{ name: 'a', message: 'is wrong' }]),
  errors.requestError('bad'),
  errors.unknownOperation(),
  errors.accessDenied('no'),
  errors.resourceNotFound('ROOM', 'ABCdef34ghIJ'),
  errors.conflict('attached', 'LOGGING_CONFIGURATION', 'ABCdef34ghIJ'),
  errors.quotaExceeded('ROOM', '123456789012', 10),
  errors.throttled('CreateRoom', 'ROOM', '123456789012', 5),
  errors.logFull('ABCdef34ghIJ', 'CCCCCCCCCCCC', 100_000),
  errors.internalError(),
];

for (const error of made) {
  test(`the body of a ${error.type} (${error.message}) is that of its shape`, () => {
    const { body, type, status } = errors.renderError(error);
    assert.equal(status, errors.errorStatus[type]);
    const value = JSON.parse(body);
    assert.deepEqual(validate(type as ShapeName, value), { kind: 'valid', value });
  });
}

test('every error of the model has a status', () => {
  const named = Object.keys(shapes).filter((name) => /Exception$|^PendingVerification$/.test(name));
  for (const name of named) assert.ok(Object.hasOwn(errors.errorStatus, name), name);
});

test('an unexpected failure tells nothing about itself', () => {
  const rendered = errors.renderError(new Error('password=x'));
  assert.equal(rendered.status, 500);
  assert.equal(rendered.type, 'InternalServerException');
  assert.ok(!rendered.body.includes('password'));
});

test('an error without a response object is a whole HTTP answer', () => {
  const text = errors.renderRawError(errors.requestError('té'), 'id');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(head, new RegExp(`content-length: ${Buffer.byteLength(body)}\r\n`));
  assert.deepEqual(JSON.parse(body), { message: 'té', reason: 'OTHER' });
});
