import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Position } from './position.ts';
import type { RoomRange } from './read-room.ts';
import { type Chunk, type Found, mostScanned, RoomRequest } from './room-request.ts';

const room = 'RoomRoomRoom';
const at = (ms: number): Position => ({ ms, seq: 0 });
const standing = (ms: number) => ({ position: at(ms), added: 0, identity: '' });

const everything: RoomRange = {
  after: undefined,
  through: undefined,
  mostFrames: 100,
  mostBytes: 1_000,
  countsRest: true,
};

/** A frame of ten bytes at a place. */
function found(ms: number): Found {
  const body = Buffer.alloc(10);
  return {
    position: at(ms),
    entry: { kind: 'frame', account: '', room, id: '', entryId: `${ms}-0`, body },
  };
}

/** A chunk with frames at these places, newest first, that goes down to `end`. */
function chunk(end: number | undefined, ...places: readonly number[]): Chunk {
  return {
    scanned: places.length,
    end: end === undefined ? undefined : at(end),
    frames: new Map([[room, places.map(found)]]),
  };
}

function request(range: Partial<RoomRange>): RoomRequest {
  return new RoomRequest(room, { ...everything, ...range });
}

/** What it has found: the places of the frames, and how many more there were. */
function partOf(done: RoomRequest) {
  assert.ok(done.isDone);
  const { frames, omitted, isComplete } = done.part('sound');
  return [frames.map(({ entryId }) => Number.parseInt(entryId, 10)), omitted, isComplete];
}

test('all frames of all chunks, in the order of the stream', () => {
  const all = request({});
  all.take(chunk(7, 9, 8, 7));
  assert.ok(!all.isDone);
  assert.deepEqual(all.before, at(7));
  all.take(chunk(undefined, 6, 5));
  assert.deepEqual(partOf(all), [[5, 6, 7, 8, 9], 0, true]);
  assert.equal(all.part('sound').scannedTo, undefined);
});

test('only what stands behind `after`, and up to `through`', () => {
  const some = request({ after: standing(4), through: at(7) });
  some.take(chunk(3, 9, 8, 7, 6, 5, 4, 3));
  assert.deepEqual(partOf(some), [[5, 6, 7], 0, true]);
});

test('a chunk that ends at `after` has all', () => {
  const some = request({ after: standing(7) });
  some.take(chunk(8, 9, 8));
  assert.ok(!some.isDone);
  some.take(chunk(7, 7));
  assert.deepEqual(partOf(some), [[8, 9], 0, true]);
});

test('of more frames than are wanted, the newest; the others are counted', () => {
  const two = request({ mostFrames: 2 });
  two.take(chunk(6, 9, 8, 7, 6));
  assert.ok(!two.isDone && !two.wantsFrames);
  two.take(chunk(undefined, 5));
  assert.deepEqual(partOf(two), [[8, 9], 3, true]);
});

test('what is older than a frame that was too large is left out as well', () => {
  const small = request({ mostBytes: 25 });
  const large = found(7);
  const frames = [found(9), { ...large, entry: { ...large.entry, body: Buffer.alloc(100) } }, found(6)];
  small.take({ scanned: 3, end: undefined, frames: new Map([[room, frames]]) });
  assert.deepEqual(partOf(small), [[9], 2, true]);
});

test('it stops when it has what is wanted, unless the rest is counted', () => {
  const two = request({ mostFrames: 2, countsRest: false });
  two.take(chunk(8, 9, 8));
  assert.deepEqual(partOf(two), [[8, 9], 0, false]);
  const none = request({ mostFrames: 0 });
  none.take(chunk(undefined, 9, 8));
  assert.deepEqual(partOf(none), [[], 2, true]);
});

test('where the newest are enough it begins with as many entries, and looks at more and more of them', () => {
  const few = request({ mostFrames: 50, countsRest: false });
  assert.equal(few.wantsEntries, 50);
  const counts: number[] = [];
  for (let ms = 9_000; ms > 8_995; ms--) {
    few.take({ scanned: few.wantsEntries, end: at(ms), frames: new Map() });
    counts.push(few.wantsEntries);
  }
  assert.deepEqual(counts, [100, 300, 500, 500, 500]);
  assert.equal(request({ mostFrames: 50 }).wantsEntries, 500);
  assert.equal(request({ mostFrames: 0, countsRest: false }).wantsEntries, 1);
});

test('it gives up after so many entries', () => {
  const deep = request({});
  for (let scanned = 0, ms = mostScanned; scanned < mostScanned; scanned += 1_000) {
    assert.ok(!deep.isDone);
    ms -= 1_000;
    deep.take({ scanned: 1_000, end: at(ms), frames: new Map() });
  }
  assert.deepEqual(partOf(deep), [[], 0, false]);
  assert.deepEqual(deep.part('sound').scannedTo, deep.before);
});

test('a chunk from farther back than it is would leave a hole', () => {
  const [top, back] = [request({}), request({ through: at(7) })];
  assert.ok(top.isServedFrom(undefined) && back.isServedFrom(undefined) && back.isServedFrom(at(9)));
  assert.ok(!top.isServedFrom(at(9)) && !back.isServedFrom(at(7)));
  back.take(chunk(8, 9, 8));
  assert.deepEqual(back.before, { ms: 7, seq: 1 });
});

test('where ids went back, it reads on before its place, once', () => {
  const some = request({ after: standing(60_000) });
  some.take(chunk(undefined, 60_005));
  assert.ok(some.rewind() && !some.isDone);
  assert.deepEqual([some.before, some.lower], [{ ms: 60_000, seq: 1 }, at(50_000)]);
  some.take(chunk(undefined, 60_000, 55_000));
  assert.deepEqual(partOf(some), [[55_000, 60_000, 60_005], 0, true]);
  assert.ok(!some.rewind());
  assert.equal(some.part('sound').verdict, 'ids-went-back');
});

test('where ids went back, nothing behind `through` is read', () => {
  const some = request({ after: standing(60_000), through: at(57_000) });
  some.take(chunk(undefined));
  assert.ok(some.rewind());
  assert.deepEqual(some.before, { ms: 57_000, seq: 1 });
});
