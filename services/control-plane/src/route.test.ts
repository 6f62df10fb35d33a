import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from './errors.ts';
import { everyOperation } from './every-operation.ts';
import { type InputSource, readInput, route } from './route.ts';

const arn = 'arn:aws:ivschat:us-west-2:123456789012:room/ABCdef34ghIJ';
const source: InputSource = {
  rawQuery: '',
  contentType: 'application/json',
  contentEncoding: undefined,
  body: Buffer.from('{}'),
};

const reason = (expected: string) => (error: unknown) =>
  error instanceof ApiError && error.type === 'ValidationException' && error.members['reason'] === expected;

test('every operation is found by its method and path', () => {
  for (const [name, { method, path }] of Object.entries(everyOperation)) {
    assert.equal(route(method, path.replace(/\{\w+\}/, encodeURIComponent(arn))).name, name);
  }
});

test('what no operation has is an unknown operation', () => {
  const unknown = [
    ['POST', '/'],
    ['POST', '/createRoom'],
    ['POST', '/CreateRoom/'],
    ['GET', '/CreateRoom'],
    ['PUT', `/tags/${encodeURIComponent(arn)}`],
    ['GET', '/tags'],
    ['GET', '/rooms'],
    ['GET', '/rooms/messages'],
    ['GET', '/rooms/ABCdef34ghIJ'],
    ['GET', '/rooms/ABCdef34ghIJ/messages/'],
    ['POST', '/rooms/ABCdef34ghIJ/messages'],
    ['GET', '/other/x'],
    ['OPTIONS', '*'],
    ['POST', ''],
    ['POST', '/__proto__'],
  ] as const;
  for (const [method, path] of unknown) assert.throws(() => route(method, path), reason('UNKNOWN_OPERATION'));
});

test('the ARN in the path is decoded, also when its slash was not encoded', () => {
  for (const label of [encodeURIComponent(arn), arn]) {
    assert.deepEqual(readInput(route('GET', `/tags/${label}`), source), { resourceArn: arn });
  }
  assert.throws(() => readInput(route('GET', '/tags/%zz'), source), reason('FIELD_VALIDATION_FAILED'));
});

test('tagKeys repeats in the query, and a plus is a plus', () => {
  const found = route('DELETE', `/tags/${encodeURIComponent(arn)}`);
  const rawQuery = 'tagKeys=a%20b&tagKeys=c+d&other=x&tagKeys=%C3%A9&tagKeys=';
  assert.deepEqual(readInput(found, { ...source, rawQuery }), {
    resourceArn: arn,
    tagKeys: ['a b', 'c+d', 'é', ''],
  });
});

test('a number in the query is a number, a text a text, and what is given twice is no single value', () => {
  const input = (rawQuery: string) =>
    readInput(route('GET', '/rooms/ABCdef34ghIJ/messages'), { ...source, rawQuery });
  const none = { roomId: 'ABCdef34ghIJ', maxResults: undefined, nextToken: undefined, events: undefined };
  assert.deepEqual(input(''), none);
  assert.deepEqual(input('maxResults=20&nextToken=20&events=on&other=1'), {
    ...none,
    maxResults: 20,
    nextToken: '20',
    events: 'on',
  });
  for (const text of ['', 'x', '1.5', '1e1', '0x10', '٣']) {
    assert.deepEqual(input(`maxResults=${encodeURIComponent(text)}`), { ...none, maxResults: text });
  }
  assert.deepEqual(input('maxResults=1&maxResults=2'), { ...none, maxResults: ['1', '2'] });
});

test('the path wins over a member of the same name in the body', () => {
  const body = Buffer.from('{"resourceArn":"x","tags":{"a":"b"}}');
  assert.deepEqual(readInput(route('POST', `/tags/${encodeURIComponent(arn)}`), { ...source, body }), {
    resourceArn: arn,
    tags: { a: 'b' },
  });
});

test('an empty body is an empty request, whatever its type', () => {
  const empty = { ...source, body: Buffer.alloc(0), contentType: undefined };
  assert.deepEqual(readInput(route('POST', '/ListRooms'), empty), {});
});

test('content types are those of JSON, encoding is UTF-8 alone', () => {
  const found = route('POST', '/ListRooms');
  for (const contentType of [
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/x-amz-json-1.1',
  ]) {
    assert.deepEqual(readInput(found, { ...source, contentType }), {});
  }
  for (const contentType of [
    undefined,
    '',
    'text/plain',
    'application/json; charset=latin1',
    'application/jsonx',
  ]) {
    assert.throws(() => readInput(found, { ...source, contentType }), reason('OTHER'));
  }
  assert.throws(() => readInput(found, { ...source, contentEncoding: 'gzip' }), reason('OTHER'));
});

test('a body that is not JSON in UTF-8 is refused', () => {
  const found = route('POST', '/ListRooms');
  for (const body of [Buffer.from('{'), Buffer.from('{"a":1} x'), Buffer.from([0x22, 0xff, 0x22])]) {
    assert.throws(() => readInput(found, { ...source, body }), reason('OTHER'));
  }
});
