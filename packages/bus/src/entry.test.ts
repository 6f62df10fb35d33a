import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEntry, type Entry, encodeEntry, idAt, identityOf, roomAt } from './entry.ts';

const entry: Entry = {
  kind: 'frame',
  account: '123456789012',
  room: 'RoomRoomRoom',
  id: 'IdIdIdIdIdId',
  body: '{"Content":"grüß 👋"}',
};

for (const kind of ['frame', 'disconnect', 'room-changed', 'reply', 'probe', 'answer'] as const) {
  test(`a ${kind} entry is read as it was written, wherever it lies`, () => {
    const text = encodeEntry({ ...entry, kind });
    const bytes = Buffer.from(`before${text}after`);
    const end = bytes.length - 5;
    const read = decodeEntry(bytes, 6, end, '5-1');
    assert.deepEqual({ ...read, body: read?.body.toString() }, { ...entry, kind, entryId: '5-1' });
    assert.equal(bytes.toString('latin1', 6 + roomAt, 6 + idAt), entry.room);
    assert.equal(identityOf(bytes, 6), text.slice(0, 37));
  });
}

test('an entry of an unknown kind, or cut short, is undefined', () => {
  const bytes = Buffer.from(`Z${encodeEntry(entry).slice(1)}`);
  assert.equal(decodeEntry(bytes, 0, bytes.length, '5-1'), undefined);
  const whole = Buffer.from(encodeEntry(entry));
  assert.equal(decodeEntry(whole, 0, 20, '5-1'), undefined);
});

test('fields of another width are refused', () => {
  for (const wrong of [{ account: '1' }, { room: 'short' }, { id: 'much-too-long' }]) {
    assert.throws(() => encodeEntry({ ...entry, ...wrong }), /12 characters/);
  }
});
