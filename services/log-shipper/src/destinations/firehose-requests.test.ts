import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutRequests, fitsRecord } from './firehose-requests.ts';

const room = (name: string, ...sizes: number[]) => ({
  account: '123456789012',
  room: name,
  records: sizes.map((size, at) => ({
    entryId: `${at}-0`,
    ms: at,
    sendTime: '',
    line: Buffer.alloc(size, name),
  })),
});
const cut = (rooms: ReturnType<typeof room>[], isOut = (_: number) => false) =>
  [...cutRequests(rooms, isOut)].map(({ roomOf }) => roomOf.join(''));

test('records of all rooms share requests of at most 500', () => {
  const sizes = Array.from({ length: 400 }, () => 10);
  assert.deepEqual(cut([room('a', ...sizes), room('b', ...sizes), room('c', 1)]), [
    '0'.repeat(400) + '1'.repeat(100),
    `${'1'.repeat(300)}2`,
  ]);
});

test('a request has at most 4 MiB, newlines included', () => {
  const mebi = 1024 * 1024;
  const eighth = mebi / 2 - 1;
  assert.deepEqual(cut([room('a', ...Array.from({ length: 8 }, () => eighth))]), ['00000000']);
  assert.deepEqual(cut([room('a', ...Array.from({ length: 8 }, () => eighth)), room('b', 0)]), [
    '00000000',
    '1',
  ]);
});

test('a record has at most 1,000 KiB with its newline; a larger one is left out', () => {
  assert.ok(fitsRecord(room('a', 1_023_999).records[0] ?? assert.fail()));
  assert.ok(!fitsRecord(room('a', 1_024_000).records[0] ?? assert.fail()));
  assert.deepEqual(cut([room('a', 5, 1_024_000, 5), room('b', 1_024_000)]), ['00']);
});

test('each record is its line and a newline', () => {
  const [request] = cutRequests([room('a', 1, 3), room('b', 2)], () => false);
  assert.deepEqual(
    request?.records.map(({ Data }) => Buffer.from(Data).toString()),
    ['a\n', 'aaa\n', 'bb\n'],
  );
});

test('a room that is out when its turn comes sends no more', () => {
  const out = new Set<number>();
  const sizes = Array.from({ length: 700 }, () => 1);
  const requests = cutRequests([room('a', ...sizes), room('b', 1)], (at) => out.has(at));
  assert.equal(requests.next().value?.roomOf.length, 500);
  out.add(0);
  assert.deepEqual(requests.next().value?.roomOf, [1]);
});
