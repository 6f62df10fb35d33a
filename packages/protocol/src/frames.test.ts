import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeError } from './errors.ts';
import { deleteMessageAttributes, disconnectUserAttributes } from './events.ts';
import { encodeEvent, encodeMessage, encodeSender } from './frames.ts';

const sendTimeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const awkward = 'quote " backslash \\ line\n tab\t \u2028 👍 \ud800';

test('a MESSAGE has the members of the messaging reference, every text intact', () => {
  const frame = encodeMessage({
    id: 'AYk6xKitV4On',
    requestId: awkward,
    attributes: { [awkward]: awkward },
    content: awkward,
    sendTimeMs,
    sender: encodeSender(awkward, { displayName: awkward }),
  });
  assert.deepEqual(JSON.parse(frame), {
    Type: 'MESSAGE',
    Id: 'AYk6xKitV4On',
    RequestId: awkward,
    Attributes: { [awkward]: awkward },
    Content: awkward,
    SendTime: '2026-01-02T03:04:05.006Z',
    Sender: { UserId: awkward, Attributes: { displayName: awkward } },
  });
});

test('RequestId is echoed when given, absent when not', () => {
  const event = { id: 'AYk6xKitV4On', eventName: 'e', attributes: {}, sendTimeMs };
  assert.equal(JSON.parse(encodeEvent({ ...event, requestId: '' })).RequestId, '');
  assert.equal('RequestId' in JSON.parse(encodeEvent({ ...event, requestId: undefined })), false);
  assert.equal('RequestId' in JSON.parse(encodeError({ code: 400, message: 'm' })), false);
});

test('an EVENT has the members of the messaging reference', () => {
  const frame = encodeEvent({
    id: 'AYk6xKitV4On',
    requestId: 'r',
    eventName: 'aws:DELETE_MESSAGE',
    attributes: deleteMessageAttributes('BYk6xKitV4On', 'spam'),
    sendTimeMs,
  });
  assert.deepEqual(JSON.parse(frame), {
    Type: 'EVENT',
    Id: 'AYk6xKitV4On',
    RequestId: 'r',
    EventName: 'aws:DELETE_MESSAGE',
    Attributes: { MessageId: 'BYk6xKitV4On', MessageID: 'BYk6xKitV4On', Reason: 'spam' },
    SendTime: '2026-01-02T03:04:05.006Z',
  });
});

test('a Reason that was not given is no attribute', () => {
  assert.deepEqual(deleteMessageAttributes('i', undefined), { MessageId: 'i', MessageID: 'i' });
  assert.deepEqual(disconnectUserAttributes('u', undefined), { UserId: 'u' });
  assert.deepEqual(disconnectUserAttributes('u', 'r'), { UserId: 'u', Reason: 'r' });
});

test('an ERROR names its code, text and the request', () => {
  const frame = JSON.parse(
    encodeError({ code: 429, message: 'say "less"', requestId: 'r1' }, 'AYk6xKitV4On'),
  );
  assert.deepEqual(frame, {
    Type: 'ERROR',
    Id: 'AYk6xKitV4On',
    RequestId: 'r1',
    ErrorCode: 429,
    ErrorMessage: 'say "less"',
  });
});
