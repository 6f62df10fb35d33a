import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEvent, encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { toRecord } from './record.ts';

const sendTimeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const id = 'AYk6xKitV4On';
const entryOf = (body: Buffer) => ({ entryId: '1-0', ms: 1, room: 'roomroomroom', id, body });

const frames = {
  MESSAGE: encodeMessage({
    id,
    requestId: 'r',
    attributes: { SendTime: '1999-01-02T03:04:05.006Z' },
    content: 'say "hi" \n 👍 \ud800',
    sendTimeMs,
    sender: encodeSender('ann', {}),
  }),
  EVENT: encodeEvent({ id, requestId: undefined, eventName: 'e', attributes: { a: '}' }, sendTimeMs }),
};

for (const [type, frame] of Object.entries(frames)) {
  test(`the record of a ${type} has its SendTime, its type, version 1.0 and its very bytes as payload`, () => {
    const record = toRecord(entryOf(Buffer.from(frame)));
    assert.equal(
      record?.line.toString(),
      `{"event_timestamp":"2026-01-02T03:04:05.006Z","type":"${type}","version":"1.0","payload":${frame}}`,
    );
    assert.deepEqual(JSON.parse(record.line.toString()), {
      event_timestamp: '2026-01-02T03:04:05.006Z',
      type,
      version: '1.0',
      payload: JSON.parse(frame),
    });
    assert.equal(record.sendTime, '2026-01-02T03:04:05.006Z');
  });
}

test('what is no frame makes no record', () => {
  for (const text of ['', 'ann', '{"Type":"ERROR"}', '{"Type":"MESSAGE","Id":']) {
    assert.equal(toRecord(entryOf(Buffer.from(text))), undefined);
  }
});
