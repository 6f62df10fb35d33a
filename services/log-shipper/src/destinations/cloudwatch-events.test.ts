import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutEvents, fitsEvent } from './cloudwatch-events.ts';

const record = (ms: number, bytes = 3) => ({
  entryId: `${ms}-0`,
  ms,
  sendTime: '',
  line: Buffer.alloc(bytes, 'a'),
});
const sizes = (records: ReturnType<typeof record>[]) =>
  [...cutEvents(records)].map(({ events }) => events.length);

test('a request has at most 10,000 events', () => {
  assert.deepEqual(sizes(Array.from({ length: 10_000 }, (_, at) => record(at))), [10_000]);
  assert.deepEqual(sizes(Array.from({ length: 20_001 }, (_, at) => record(at))), [10_000, 10_000, 1]);
});

test('a request has at most 1,048,576 bytes, 26 counted for each event', () => {
  const quarter = 1_048_576 / 4 - 26;
  assert.deepEqual(sizes([1, 2, 3, 4].map((ms) => record(ms, quarter))), [4]);
  assert.deepEqual(sizes([...[1, 2, 3, 4].map((ms) => record(ms, quarter)), record(5, 1)]), [4, 1]);
  const bytes = (text: string) => ({ ...record(1), line: Buffer.from(text) });
  assert.deepEqual(sizes(Array.from({ length: 8 }, () => bytes('€'.repeat(60_000)))), [5, 3], 'as UTF-8');
});

test('an event has at most 262,144 bytes with its 26; a larger one is left out', () => {
  assert.ok(fitsEvent(record(1, 262_144 - 26)));
  assert.ok(!fitsEvent(record(1, 262_144 - 25)));
  assert.deepEqual(sizes([record(1), record(2, 300_000), record(3)]), [2]);
  assert.deepEqual(sizes([record(2, 300_000)]), []);
});

test('a request spans less than 24 hours', () => {
  const day = 86_400_000;
  assert.deepEqual(sizes([record(5), record(5 + day - 1)]), [2]);
  assert.deepEqual(sizes([record(5), record(5 + day), record(5 + day + 1)]), [1, 2]);
});

test('times never go back, over requests either', () => {
  const times = [...cutEvents([record(10), record(9), record(12), record(3)])].flatMap(
    ({ events }) => events,
  );
  assert.deepEqual(
    times.map(({ timestamp }) => timestamp),
    [10, 10, 12, 12],
  );
});
