import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostEntryBytes } from './batch.ts';
import { Lane } from './lane.ts';

const schedule = { windowMs: 60_000, batchRecords: 100 };
const queue = {
  shard: 0,
  account: '000000000000',
  configuration: 'configOneTwo',
  records: 10,
  oldestMs: 60_000,
  oldestId: '60000-0',
};
const batch = { records: 100, bytes: 1024 * 1024 };

test('records for a live destination are due at once, windows when they are over', () => {
  const lane = new Lane(queue);
  assert.equal(lane.isDue('live', schedule, 0, 60_001), true);
  assert.equal(lane.isDue('window', schedule, 0, 120_999), false);
  assert.equal(lane.isDue('window', schedule, 0, 121_000), true);
});

test('a busy lane and an empty one are not due', () => {
  const lane = new Lane(queue);
  lane.isBusy = true;
  assert.equal(lane.isDue('live', schedule, 0, 0), false);
  assert.equal(new Lane({ ...queue, records: 0 }).isDue('live', schedule, 0, 0), false);
});

test('a batch that failed is due again without waiting for a window, after the lane’s own pause', () => {
  const lane = new Lane(queue);
  lane.retry = { through: '60000-5', entries: 6, bytes: 600, rejected: 0, delivered: new Map() };
  assert.equal(lane.isDue('window', schedule, 0, 60_001), true);
  assert.deepEqual(lane.need(batch), { records: 6, bytes: 600 });
  lane.pause(1_000, false);
  assert.equal(lane.isDue('window', schedule, 1_400, 60_001), false);
  assert.equal(lane.isDue('window', schedule, 2_001, 60_001), true);
  lane.pause(2_001, false);
  lane.resume();
  assert.equal(lane.isDue('window', schedule, 2_002, 60_001), true);
});

test('a batch takes from the buffer what its records can need at most, and never more than a batch', () => {
  assert.deepEqual(new Lane(queue).need(batch), { records: 10, bytes: 10 * mostEntryBytes });
  assert.deepEqual(new Lane({ ...queue, records: 5_000 }).need(batch), batch);
  const outgrown = new Lane(queue);
  outgrown.hasOutgrown = true;
  assert.deepEqual(outgrown.need(batch), batch);
});

test('behind a shipped batch the lane goes on with what is left, in the window of the next entry', () => {
  const lane = new Lane(queue);
  lane.advance(4, 130_000, 'window');
  assert.deepEqual([lane.queue.records, lane.queue.oldestMs], [6, 130_000]);
  assert.equal(lane.isDue('window', schedule, 0, 121_000), false);
  const atEnd = new Lane(queue);
  atEnd.advance(4, undefined, 'window');
  assert.equal(atEnd.queue.records, 0, 'the next poll tells what came since, and when');
  const live = new Lane(queue);
  live.advance(4, undefined, 'live');
  assert.equal(live.queue.records, 6);
});

test('interrupting ends the batch that is under way, though it is still being read, and no later one', () => {
  const lane = new Lane(queue);
  lane.interrupt('nothing is under way');
  lane.begin();
  const first = lane.beginDelivery();
  assert.equal(first.signal.aborted, false);
  lane.interrupt('moved');
  assert.equal(first.signal.aborted, true);
  assert.equal(lane.endDelivery(), true);
  lane.begin();
  lane.interrupt('moved while it was read');
  assert.equal(lane.beginDelivery().signal.aborted, true);
  assert.equal(lane.endDelivery(), true);
  lane.begin();
  assert.equal(lane.beginDelivery().signal.aborted, false);
  assert.equal(lane.endDelivery(), false);
});
