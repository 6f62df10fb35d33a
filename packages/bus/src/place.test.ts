import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Place } from './place.ts';

const identity = 'F123456789012RoomRoomRoomIdIdIdIdIdId';
const other = 'F123456789012RoomRoomRoomJdJdJdJdJdJd';

test('what is kept of a place is the same object while it stays there, and doesn’t move with it', () => {
  const place = new Place();
  place.set({ ms: 5, seq: 1 }, identity, 10);
  const { standing } = place;
  assert.deepEqual(standing, { position: { ms: 5, seq: 1 }, added: 10, identity });
  assert.equal(place.standing, standing);
  place.moveTo(6, 0, 1, Buffer.from(`..${other}body`), 2);
  assert.deepEqual(place.standing, { position: { ms: 6, seq: 0 }, added: 11, identity: other });
  assert.deepEqual(standing, { position: { ms: 5, seq: 1 }, added: 10, identity });
});

test('the identity stays when the bytes it came with are used for something else', () => {
  const place = new Place();
  const bytes = Buffer.from(`${identity}body`);
  place.moveTo(6, 0, 1, bytes, 0);
  const before = place.standing;
  place.settle();
  bytes.fill(0);
  assert.equal(place.identity, identity);
  assert.equal(place.standing, before);
  place.settle();
  assert.equal(place.identity, identity);
});
