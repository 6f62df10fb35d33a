import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatStanding, parseStanding, type Standing } from './standing.ts';

const identity = 'F123456789012RoomRoomRoomIdIdIdIdIdId';

test('a standing is read as it was rendered', () => {
  const all: Standing[] = [
    { position: { ms: 1_763_858_400_123, seq: 7 }, added: 12_345, identity },
    { position: { ms: 0, seq: 0 }, added: 0, identity: '' },
  ];
  for (const standing of all) assert.deepEqual(parseStanding(formatStanding(standing)), standing);
  assert.equal(formatStanding(all[0] as Standing), `1763858400123-7:12345:${identity}`);
});

test('what identifies something foreign in the stream is left out: a standing has no spaces', () => {
  const standing = { position: { ms: 5, seq: 1 }, added: 3, identity: 'F12 =:ü' };
  assert.equal(formatStanding(standing), '5-1:3:');
});

test('anything else is no standing', () => {
  for (const text of ['', '5-1', '5-1:3', '5:3:', '-1:3:', '5-1:x:', ` 5-1:3:${identity}`, '5-1:3:a b'])
    assert.equal(parseStanding(text), undefined, text);
});
