import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Received } from '@roomstream/bus/entry';
import { isBefore } from '@roomstream/bus/position';
import type { RoomPart, RoomRange } from '@roomstream/bus/read-room';
import type { Standing } from '@roomstream/bus/standing';
import { RoomTail } from './room-tail.ts';

const at = (ms: number): Standing => ({ position: { ms, seq: 0 }, added: ms, identity: '' });

const frameAt = (ms: number): Received => ({
  kind: 'frame',
  account: '',
  room: '',
  id: `${ms}`,
  entryId: `${ms}-0`,
  body: Buffer.from(''),
});

/** A tail that begins behind 10, over a stream with an entry in every millisecond. */
function open(options: { verdict?: RoomPart['verdict']; mostFrames?: number; cap?: number } = {}) {
  const reads: RoomRange[] = [];
  const readBack = (range: RoomRange): Promise<RoomPart> => {
    reads.push(range);
    const all: Received[] = [];
    for (let ms = 1; ms <= 20; ms++) {
      const { position } = at(ms);
      if (range.after !== undefined && !isBefore(range.after.position, position)) continue;
      if (range.through !== undefined && isBefore(range.through, position)) continue;
      all.push(frameAt(ms));
    }
    const frames = all.slice(-Math.min(range.mostFrames, options.cap ?? 100));
    const isComplete = frames.length === all.length;
    return Promise.resolve({
      frames,
      omitted: 0,
      isComplete,
      verdict: options.verdict ?? 'sound',
      scannedTo: undefined,
    });
  };
  const tail = new RoomTail(at(10).position, readBack, {
    mostFrames: options.mostFrames ?? 100,
    mostBytes: 100,
  });
  return { tail, reads, ids: () => tail.frames.map(({ entry }) => Number(entry.id)) };
}

test('what is behind the beginning is there without reading', async () => {
  const { tail, reads } = open();
  tail.append(frameAt(11));
  assert.deepEqual(await tail.reach(at(10)), { kind: 'complete', from: at(10).position });
  assert.equal(tail.indexBehind(at(10).position), 0);
  // It only asks whether that place is one of this stream.
  assert.deepEqual(reads[0]?.through, at(10).position);
});

test('however many reach back at once, the stream is read once, and what comes meanwhile stays behind it', async () => {
  const { tail, reads, ids } = open();
  const all = Promise.all([tail.reach(at(5)), tail.reach(at(7)), tail.reach(at(5))]);
  tail.append(frameAt(11));
  assert.deepEqual(
    (await all).map(({ kind }) => kind),
    ['complete', 'complete', 'complete'],
  );
  // Of the other place it only asks whether it is one of this stream.
  assert.deepEqual(
    reads.map(({ through }) => through),
    [at(10).position, at(7).position],
  );
  assert.deepEqual(ids(), [6, 7, 8, 9, 10, 11]);
  assert.equal(tail.indexBehind(at(7).position), 2);
});

test('who needs more than another reads only what is before it', async () => {
  const { tail, reads, ids } = open();
  await tail.reach(at(8));
  await tail.reach(at(6));
  assert.deepEqual(reads[1]?.through, at(8).position);
  assert.deepEqual(ids(), [7, 8, 9, 10]);
});

test('more than may be read is too much, for all who come after as well, without reading again', async () => {
  const { tail, reads, ids } = open({ mostFrames: 3 });
  assert.equal((await tail.reach(at(2))).kind, 'too-much');
  assert.equal((await tail.reach(at(1))).kind, 'too-much');
  assert.equal(reads.length, 1);
  assert.deepEqual(ids(), [8, 9, 10]);
  assert.equal((await tail.reach(at(8))).kind, 'complete');
});

test('what may be gone from the stream is lost, and what there is of it is there', async () => {
  const { tail, ids } = open({ verdict: 'trimmed' });
  assert.equal((await tail.reach(at(7))).kind, 'lost');
  assert.deepEqual(ids(), [8, 9, 10]);
});

test('a place ahead of this gateway is judged by the stream', async () => {
  const ahead = open();
  assert.deepEqual(await ahead.tail.reach(at(12)), { kind: 'complete', from: at(12).position });
  assert.equal(ahead.reads.length, 1);
  const wentBack = open({ verdict: 'ids-went-back' });
  assert.equal((await wentBack.tail.reach(at(12))).kind, 'lost');
});

test('once ids went back everything older is lost', async () => {
  const { tail, reads } = open();
  tail.breakOff();
  assert.equal((await tail.reach(at(9))).kind, 'lost');
  assert.equal(reads.length, 0);
});

test('history is read in parts until there is enough, or nothing is left', async () => {
  const { tail, reads, ids } = open();
  await tail.reachUntil(() => tail.frames.length >= 4, 3);
  assert.deepEqual([reads.length, ids()], [2, [5, 6, 7, 8, 9, 10]]);
  await tail.reachUntil(() => false, 3);
  assert.deepEqual(ids(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const before = reads.length;
  await tail.reachUntil(() => false, 3);
  assert.equal(reads.length, before);
});

test('history ends where the scan hit its cap', async () => {
  const { tail, reads } = open({ cap: 2 });
  await tail.reachUntil(() => false, 3);
  assert.equal(reads.length, 1);
});
