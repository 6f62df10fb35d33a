import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noAttributes } from '@roomstream/protocol/attributes';
import { encodeEvent, encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { actionOf } from './action-of.ts';

const common = { id: 'AAAAAAAAAAAA', requestId: 'r', attributes: noAttributes, sendTimeMs: 0 };

test('a frame is counted under the action that made it', () => {
  const sender = encodeSender('u', noAttributes);
  const content = '"EventName":"aws:DELETE_MESSAGE"';
  assert.equal(actionOf(Buffer.from(encodeMessage({ ...common, content, sender }))), 'SEND_MESSAGE');
  for (const [eventName, action] of [
    ['aws:DELETE_MESSAGE', 'DELETE_MESSAGE'],
    ['aws:DISCONNECT_USER', 'DISCONNECT_USER'],
    ['goal', 'SEND_EVENT'],
  ] as const) {
    assert.equal(actionOf(Buffer.from(encodeEvent({ ...common, eventName }))), action);
  }
});

test('an attribute called EventName doesn’t change the action that an event is counted under', () => {
  for (const name of ['aws:DELETE_MESSAGE', 'aws:DISCONNECT_USER']) {
    const event = encodeEvent({ ...common, eventName: 'goal', attributes: { a: 'b', EventName: name } });
    assert.equal(actionOf(Buffer.from(event)), 'SEND_EVENT');
  }
});
