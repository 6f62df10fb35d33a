import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRequest } from './requests.ts';

const decode = (value: unknown) => decodeRequest(JSON.stringify(value));

function request(value: unknown) {
  const decoded = decode(value);
  assert.ok(decoded.kind === 'request', JSON.stringify(decoded));
  return decoded.request;
}

function refusal(value: unknown) {
  const decoded = typeof value === 'string' ? decodeRequest(value) : decode(value);
  assert.ok(decoded.kind === 'refused', JSON.stringify(decoded));
  return decoded.refusal;
}

const send = (fields: object) => ({ Action: 'SEND_MESSAGE', Content: 'hi', ...fields });

test('the three actions of the messaging reference are read', () => {
  assert.deepEqual(request(send({ Attributes: { a: 'b' }, RequestId: 'r1' })), {
    action: 'SEND_MESSAGE',
    content: 'hi',
    attributes: { a: 'b' },
    requestId: 'r1',
  });
  assert.deepEqual(request({ Action: 'DELETE_MESSAGE', Id: 'AYk6xKitV4On', Reason: 'spam' }), {
    action: 'DELETE_MESSAGE',
    id: 'AYk6xKitV4On',
    reason: 'spam',
    requestId: undefined,
  });
  assert.deepEqual(request({ Action: 'DISCONNECT_USER', UserId: 'u', RequestId: '' }), {
    action: 'DISCONNECT_USER',
    userId: 'u',
    reason: undefined,
    requestId: '',
  });
});

test('an optional field that is null counts as absent', () => {
  assert.deepEqual(request(send({ Attributes: null, RequestId: null })), request(send({})));
  assert.equal(request({ Action: 'DISCONNECT_USER', UserId: 'u', Reason: null }).requestId, undefined);
});

test('fields that the reference does not name are ignored', () => {
  assert.deepEqual(request(send({ Extra: { deep: [1] } })), request(send({})));
});

const malformed: readonly [string, unknown, RegExp][] = [
  ['an empty frame', '', /valid JSON/],
  ['text that is not JSON', '{"Action":', /valid JSON/],
  ['a JSON array', '[]', /JSON object/],
  ['null', 'null', /JSON object/],
  ['a missing Action', { Content: 'x' }, /Action must be one of SEND_MESSAGE/],
  ['an unknown Action', { Action: 'SEND_EVENT' }, /Action must be/],
  ['an Action in another case', { Action: 'send_message', Content: 'x' }, /Action must be/],
  ['a missing Content', { Action: 'SEND_MESSAGE' }, /Content must be a string/],
  ['an empty Content', send({ Content: '' }), /Content must not be empty/],
  ['a Content that is no string', send({ Content: 5 }), /Content must be a string/],
  ['Attributes that are a list', send({ Attributes: [] }), /Attributes must be an object of strings/],
  ['an attribute that is no string', send({ Attributes: { a: 1 } }), /Attributes must be/],
  ['a RequestId that is no string', send({ RequestId: 7 }), /RequestId must be a string/],
  ['a missing Id', { Action: 'DELETE_MESSAGE' }, /Id must be/],
  ['an Id of another form', { Action: 'DELETE_MESSAGE', Id: 'x' }, /Id must be/],
  ['a missing UserId', { Action: 'DISCONNECT_USER' }, /UserId must be/],
  ['an empty UserId', { Action: 'DISCONNECT_USER', UserId: '' }, /UserId must be/],
  [
    'a Reason that is no string',
    { Action: 'DISCONNECT_USER', UserId: 'u', Reason: [] },
    /Reason must be a string/,
  ],
];

for (const [what, value, message] of malformed) {
  test(`${what} is refused with 400`, () => {
    const { code, message: said } = refusal(value);
    assert.equal(code, 400);
    assert.match(said, message);
  });
}

test('fields beyond their size are refused with 413, which names field, size and limit', () => {
  const reason = 'x'.repeat(257);
  for (const [value, message] of [
    [send({ RequestId: 'r'.repeat(129) }), 'RequestId has 129 characters, the limit is 128'],
    [
      send({ Attributes: { a: 'b'.repeat(1024) } }),
      'Attributes has 1025 bytes of keys and values, the limit is 1024',
    ],
    [
      { Action: 'DELETE_MESSAGE', Id: 'AYk6xKitV4On', Reason: reason },
      'Reason has 257 characters, the limit is 256',
    ],
    [
      { Action: 'DISCONNECT_USER', UserId: 'u', Reason: reason },
      'Reason has 257 characters, the limit is 256',
    ],
    [{ Action: 'DISCONNECT_USER', UserId: 'u'.repeat(129) }, 'UserId has 129 characters, the limit is 128'],
  ] as const) {
    assert.deepEqual([refusal(value).code, refusal(value).message], [413, message]);
  }
});

test('fields of exactly their size pass', () => {
  request(send({ RequestId: 'r'.repeat(128), Attributes: { a: 'b'.repeat(1023) } }));
  request({ Action: 'DISCONNECT_USER', UserId: '👍'.repeat(128), Reason: '👍'.repeat(256) });
});

test('a refusal carries the RequestId, unless that is what is wrong', () => {
  assert.equal(refusal(send({ Content: '', RequestId: 'r7' })).requestId, 'r7');
  assert.equal(refusal(send({ RequestId: 'r'.repeat(129) })).requestId, undefined);
});
