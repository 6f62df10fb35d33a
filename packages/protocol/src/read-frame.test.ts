import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attributes } from './attributes.ts';
import { encodeError } from './errors.ts';
import { encodeEvent, encodeMessage, encodeSender } from './frames.ts';
import { sendTimeOf, typeOf } from './read-frame.ts';

const sendTimeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const sendTime = '2026-01-02T03:04:05.006Z';
const otherTime = '1999-01-02T03:04:05.006Z';

/** Texts that look like the frame's own members, as clients may write them. */
const hostile = [
  '',
  'plain',
  `,"SendTime":"${otherTime}","Sender":{`,
  `","SendTime":"${otherTime}","Sender":{"UserId":"x"`,
  `\\","SendTime":"${otherTime}","Sender":{`,
  `\\\\","SendTime":"${otherTime}","Sender":{`,
  `"SendTime":"${otherTime}"}`,
  `{"Type":"EVENT","SendTime":"${otherTime}"}`,
  ',',
  ',\\',
  ',"Sender":{',
  'SendTime',
  'Sender',
  '\u2028 👍 \ud800 \u0000 \n',
];

/** Attributes whose keys are the frame's own, in all orders. */
const hostileAttributes: readonly Attributes[] = [
  {},
  { SendTime: otherTime, Sender: '{' },
  { x: 'y', SendTime: otherTime, Sender: '{"UserId":"x"' },
  { Type: 'EVENT', SendTime: otherTime },
  { Sender: otherTime, SendTime: '{', Content: ',"Sender":{' },
  ...hostile.map((text) => ({ [text]: text, SendTime: text, Sender: text })),
];

test('type and SendTime of a MESSAGE are its own, whatever its texts and attributes look like', () => {
  for (const text of hostile) {
    for (const attributes of hostileAttributes) {
      const frame = encodeMessage({
        id: 'AYk6xKitV4On',
        requestId: text,
        attributes,
        content: text,
        sendTimeMs,
        sender: encodeSender(text, attributes),
      });
      assert.equal(sendTimeOf(Buffer.from(frame)), sendTime, frame);
      assert.equal(typeOf(Buffer.from(frame)), 'MESSAGE');
    }
  }
});

test('type and SendTime of an EVENT are its own, whatever its name and attributes look like', () => {
  for (const text of hostile) {
    for (const attributes of hostileAttributes) {
      const event = { id: 'AYk6xKitV4On', requestId: text, eventName: text, attributes, sendTimeMs };
      const frame = encodeEvent(event);
      assert.equal(sendTimeOf(Buffer.from(frame)), sendTime, frame);
      assert.equal(typeOf(Buffer.from(frame)), 'EVENT');
    }
  }
});

test('bytes that are no frame of a room have neither type nor SendTime', () => {
  const event = encodeEvent({
    id: 'AYk6xKitV4On',
    requestId: undefined,
    eventName: 'e',
    attributes: {},
    sendTimeMs,
  });
  const broken = [
    '',
    'x',
    '{',
    `"SendTime":"${sendTime}"}`,
    encodeError({ code: 400, message: 'm' }),
    ` ${event}`,
  ];
  for (const text of broken) {
    assert.equal(typeOf(Buffer.from(text)), undefined, text);
    assert.equal(sendTimeOf(Buffer.from(text)), undefined, text);
  }
  const cut = ['{"Type":"EVENT",', '{"Type":"MESSAGE",', event.slice(0, -1), event.replace('Z"}', 'z"}')];
  for (const text of cut) assert.equal(sendTimeOf(Buffer.from(text)), undefined, text);
});
