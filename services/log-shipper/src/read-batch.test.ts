import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '@roomstream/bus/log-group';
import { encodeEvent } from '@roomstream/protocol/frames';
import { entryBytes } from './batch.ts';
import { type Batch, type ReadPlan, readBatch } from './read-batch.ts';

const account = '000000000000';
const roomNames = ['roomroomroo0', 'roomroomroo1', 'roomroomroo2'];

/** An entry of a queue; `size` lengthens its frame. */
function entryAt(ms: number, seq: number, size = 0): LogEntry {
  const event = { id: 'AYk6xKitV4On', requestId: undefined, eventName: 'e'.repeat(size), attributes: {} };
  const body = Buffer.from(encodeEvent({ ...event, sendTimeMs: ms }));
  return {
    entryId: `${ms}-${seq}`,
    ms,
    room: roomNames[seq % roomNames.length] as string,
    id: event.id,
    body,
  };
}

/** Reads of a queue in memory, as the bus makes them; `portions` are the counts that were asked for. */
function queue(entries: readonly LogEntry[]) {
  const portions: number[] = [];
  const read = async (after: string, count: number) => {
    portions.push(count);
    const from = after === '' ? 0 : entries.findIndex(({ entryId }) => entryId === after) + 1;
    return entries.slice(from, from + count);
  };
  return { read, portions };
}

const ample: ReadPlan['room'] = { records: 10_000, bytes: 8_000_000 };
const plan: ReadPlan = { cut: { ...ample, windowMs: 60_000 }, room: ample, retry: undefined, account };

async function batchOf(entries: readonly LogEntry[], own: Partial<ReadPlan> = {}): Promise<Batch> {
  const reading = await readBatch(queue(entries).read, { ...plan, ...own });
  if (reading.kind !== 'batch') throw new Error(reading.kind);
  return reading.batch;
}

test('a batch has the records of each room in order, and what the rooms take', async () => {
  const entries = Array.from({ length: 1_234 }, (_, i) => entryAt(1000 + Math.floor(i / 10), i));
  const batch = await batchOf(entries);
  assert.deepEqual(batch.rooms.map(({ room }) => room).sort(), roomNames);
  for (const { room, account: own, records } of batch.rooms) {
    const expected = entries.filter((entry) => entry.room === room).map(({ entryId }) => entryId);
    assert.deepEqual(
      records.map(({ entryId }) => entryId),
      expected,
    );
    assert.equal(own, account);
  }
  assert.equal(batch.entries, entries.length);
  assert.equal(batch.through, entries.at(-1)?.entryId);
  assert.deepEqual(batch.held, { records: entries.length, bytes: batch.bytes });
  assert.equal(batch.times.length, entries.length);
  assert.equal(batch.isClosed, false, 'more may come into the window');
  const lines = batch.rooms.flatMap(({ records }) => records).map(({ line }) => line.length);
  assert.ok(
    lines.reduce((sum, length) => sum + length) <= batch.held.bytes,
    'a line takes more than was reckoned',
  );
});

test('an entry of the next window closes the batch, and tells when the next one begins', async () => {
  const batch = await batchOf([entryAt(59_999, 0), entryAt(60_000, 1)]);
  assert.deepEqual([batch.entries, batch.isClosed, batch.nextMs], [1, true, 60_000]);
});

test('a full batch is closed though nothing stands behind it', async () => {
  const batch = await batchOf([entryAt(1, 0), entryAt(1, 1)], { cut: { ...plan.cut, records: 2 } });
  assert.deepEqual([batch.entries, batch.isClosed, batch.nextMs], [2, true, undefined]);
});

test('how much is read at once changes no batch', async () => {
  const entries = Array.from({ length: 3_000 }, (_, i) => entryAt(1000 + i, i, (i * 37) % 400));
  const whole = await batchOf(entries, { cut: { ...plan.cut, bytes: 300_000 } });
  for (const most of [1, 7, 100]) {
    const { read } = queue(entries);
    const small = (after: string, count: number) => read(after, Math.min(count, most));
    // Fewer than were asked for are the end of the queue, so a slow reader asks for less.
    const reading = await readBatch(
      async (after, count) => {
        const found: LogEntry[] = [];
        while (found.length < count) {
          const some = await small(found.at(-1)?.entryId ?? after, count - found.length);
          if (some.length === 0) break;
          found.push(...some);
        }
        return found;
      },
      { ...plan, cut: { ...plan.cut, bytes: 300_000 } },
    );
    assert.equal(reading.kind === 'batch' && reading.batch.through, whole.through);
  }
  assert.ok(whole.bytes <= 300_000 && whole.bytes > 295_000);
});

test('little more is read than the batch has room for', async () => {
  const entries = Array.from({ length: 5_000 }, (_, i) => entryAt(1000, i, 1_000));
  const bytes = 50 * entryBytes(entries[0]?.body ?? Buffer.alloc(0));
  const { read, portions } = queue(entries);
  await readBatch(read, { ...plan, cut: { ...plan.cut, bytes }, room: { records: 10_000, bytes } });
  assert.ok(portions.reduce((sum, count) => sum + count) <= 120, `${portions}`);
});

test('a batch that has outgrown its room is not kept', async () => {
  const entries = Array.from({ length: 10 }, (_, i) => entryAt(1000, i));
  for (const room of [
    { ...ample, records: 9 },
    { ...ample, bytes: 1_000 },
  ]) {
    assert.deepEqual(await readBatch(queue(entries).read, { ...plan, room }), { kind: 'outgrown' });
  }
});

test('a single entry is taken, whatever the room', async () => {
  const batch = await batchOf([entryAt(1000, 0, 100_000)], { room: { records: 1, bytes: 32_768 } });
  assert.equal(batch.entries, 1);
});

test('a batch that is delivered once more ends where it ended, without the rooms that have theirs', async () => {
  const first = Array.from({ length: 9 }, (_, i) => entryAt(1000, i));
  const { through, entries, bytes } = await batchOf(first);
  const retry = {
    through,
    entries,
    bytes,
    rejected: 0,
    delivered: new Map(roomNames.slice(1).map((room) => [room, through])),
  };
  const live = { ...plan.cut, windowMs: undefined };
  const again = await batchOf([...first, entryAt(1000, 9), entryAt(1000, 10)], { cut: live, retry });
  assert.deepEqual(
    again.rooms.map(({ room }) => room),
    roomNames.slice(0, 1),
  );
  assert.deepEqual([again.through, again.entries, again.isClosed], [through, entries, true]);
  assert.equal(again.times.length, 9, 'all of its records are counted when it is acknowledged');
  assert.equal(again.held.records, 3);
});

test('of a room that has a part of its records already the rest is delivered', async () => {
  const all = Array.from({ length: 9 }, (_, i) => entryAt(1000, i));
  const { through, entries, bytes } = await batchOf(all);
  const delivered = new Map([
    [roomNames[0] as string, '1000-3'],
    [roomNames[1] as string, '999-99'],
  ]);
  const again = await batchOf(all, { retry: { through, entries, bytes, rejected: 0, delivered } });
  const ids = again.rooms.map(({ records }) => records.map(({ entryId }) => entryId));
  assert.deepEqual(ids.sort(), [['1000-1', '1000-4', '1000-7'], ['1000-2', '1000-5', '1000-8'], ['1000-6']]);
});

test('a batch whose entries have been dropped meanwhile is found empty', async () => {
  const retry = {
    through: '1000-5',
    entries: 3,
    bytes: 500,
    rejected: 0,
    delivered: new Map<string, string>(),
  };
  assert.deepEqual(await readBatch(queue([entryAt(1000, 6)]).read, { ...plan, retry }), { kind: 'empty' });
});

test('an entry that is no frame is passed over, and belongs to its batch', async () => {
  const nonsense: LogEntry = { ...entryAt(1000, 1), body: Buffer.from('nonsense') };
  const batch = await batchOf([entryAt(1000, 0), nonsense, entryAt(1000, 2)]);
  assert.deepEqual([batch.entries, batch.times.length, batch.unreadable], [3, 2, ['1000-1']]);
  const alone = await batchOf([nonsense]);
  assert.deepEqual([alone.rooms, alone.through], [[], '1000-1']);
});
