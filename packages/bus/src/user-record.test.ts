import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecords, encodeRecord } from './user-record.ts';

const certain = {
  position: { ms: 5, seq: 1 },
  added: 3,
  identity: 'F123456789012RoomRoomRoomIdIdIdIdIdId',
};

test('records are read as they were written', () => {
  const open = { kind: 'open', beganMs: 40, endsMs: 900, knownSinceMs: 100, certain: undefined } as const;
  const lost = { kind: 'lost', beganMs: 30, endsMs: 800, knownSinceMs: 200, certain } as const;
  const flat = ['gate/1', encodeRecord(open, 50), 'erased', '7-3', 'gate/22', encodeRecord(lost, 60)];
  const at = { ms: 7, seq: 3 };
  const [one, two] = [
    { gateway: 'gate', number: 1, writtenMs: 50 },
    { gateway: 'gate', number: 22, writtenMs: 60 },
  ];
  assert.deepEqual(decodeRecords(flat, 799), {
    records: [
      { ...one, ...open, member: 'gate/1' },
      { ...two, ...lost, member: 'gate/22' },
    ],
    erasedThrough: at,
  });
  assert.equal(encodeRecord({ kind: 'gone' }, 50), '');
});

test('a record that has ended isn’t there', () => {
  const flat = [
    'gate/1',
    encodeRecord({ kind: 'lost', beganMs: 0, endsMs: 800, knownSinceMs: 0, certain }, 50),
  ];
  assert.deepEqual(decodeRecords(flat, 800), { records: [], erasedThrough: undefined });
});

test('what nobody can read is left out', () => {
  const flat = ['gate/1', 'later 1 2', 'no-number', '900 1 open 0 0 ', 'gate/2', '900 1 open 0 0 '];
  assert.deepEqual(
    decodeRecords(flat, 0).records.map(({ member }) => member),
    ['gate/2'],
  );
});
