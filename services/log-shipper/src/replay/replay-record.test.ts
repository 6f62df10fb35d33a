import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecord, recordText } from './replay-record.ts';

const record = (payload: object) =>
  readRecord(
    Buffer.from(
      JSON.stringify({
        event_timestamp: '2026-11-22T17:40:00.123Z',
        type: 'MESSAGE',
        version: '1.0',
        payload,
      }),
    ),
  );

test('a message is time, sender and content in text', () => {
  const message = { Type: 'MESSAGE', Id: 'a', Content: 'hello', Sender: { UserId: 'alice', Attributes: {} } };
  assert.equal(recordText(record(message)), '2026-11-22T17:40:00.123Z alice: hello');
});

test('an event is time, name and attributes in text', () => {
  const event = { Type: 'EVENT', Id: 'a', EventName: 'aws:DELETE_MESSAGE', Attributes: { MessageId: 'b' } };
  assert.equal(recordText(record(event)), '2026-11-22T17:40:00.123Z * aws:DELETE_MESSAGE {"MessageId":"b"}');
});

test('what users wrote can neither break the line nor command the terminal', () => {
  const text = recordText(
    record({
      Type: 'MESSAGE',
      Id: 'a',
      Content: 'one\ntwo\u001b[2J\u2028\u009b\u202eabc',
      Sender: { UserId: 'a\rb' },
    }),
  );
  assert.equal(text, '2026-11-22T17:40:00.123Z a\\u000db: one\\ntwo\\u001b[2J\\u2028\\u009b\\u202eabc');
});

test('what is no record says why', () => {
  const faults: [string, RegExp][] = [
    ['{', /JSON/],
    ['1', /no record/],
    ['{"event_timestamp":"x","payload":{"Id":"a"}}', /event_timestamp/],
    ['{"event_timestamp":"2026-11-22T17:40:00Z"}', /no record/],
    ['{"event_timestamp":"2026-11-22T17:40:00Z","payload":{}}', /payload\.Id/],
  ];
  for (const [line, pattern] of faults) assert.throws(() => readRecord(Buffer.from(line)), pattern);
});
