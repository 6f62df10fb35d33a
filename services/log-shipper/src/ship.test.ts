import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '@roomstream/bus/log-group';
import { encodeEvent } from '@roomstream/protocol/frames';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { BufferBudget } from './buffer-budget.ts';
import { Lane } from './lane.ts';
import type { LogDestination } from './log-destination.ts';
import { LoggedConfiguration } from './logged-configuration.ts';
import { openLogMetrics } from './metrics.ts';
import { type Job, Shipping } from './ship.ts';

const account = '000000000000';
const log = openLog('test', 'silent');
const windowMs = 60_000;

function entryAt(ms: number, seq: number): LogEntry {
  const event = { id: 'AYk6xKitV4On', requestId: undefined, eventName: 'e', attributes: {}, sendTimeMs: ms };
  return {
    entryId: `${ms}-${seq}`,
    ms,
    room: 'roomroomroom',
    id: event.id,
    body: Buffer.from(encodeEvent(event)),
  };
}

/** More than is read at once in the first window, and one record in the next. */
function twoWindows(): LogEntry[] {
  return [...Array.from({ length: 1_200 }, (_, seq) => entryAt(1_000, seq)), entryAt(windowMs, 0)];
}

/** A lane whose queue is `entries`, which a test may change, and what its destination has got. */
function stage(entries: LogEntry[], owns: boolean) {
  const delivered: string[][] = [];
  const state = { reads: 0, nowMs: 10 * windowMs, onRead: (): unknown => undefined };
  const group = {
    read: async (_lane: unknown, after: string, count: number) => {
      state.reads++;
      const from = after === '' ? 0 : entries.findIndex(({ entryId }) => isBehind(entryId, after));
      const found = from < 0 ? [] : entries.slice(from, from + count);
      state.onRead();
      return found;
    },
    acknowledge: async () => 'acknowledged' as const,
    owns: async () => owns,
  };
  const registry = openMetrics();
  const gauges = { backlogs: () => [], buffer: () => ({ records: 0, bytes: 0 }), ownedShards: () => 1 };
  const shipping = new Shipping({
    group,
    rules: {
      windowMs,
      batch: { records: 10_000, bytes: 8_000_000 },
      limitMs: { window: 10_000, live: 10_000 },
    },
    metrics: openLogMetrics(registry, 10, gauges),
    nowMs: () => state.nowMs,
    log,
  });
  const destination: LogDestination = {
    kind: 's3',
    pace: 'window',
    deliver: async (rooms) => {
      delivered.push(rooms.flatMap(({ records }) => records.map(({ entryId }) => entryId)));
      return rooms.map(() => ({ kind: 'delivered', rejected: 0 }));
    },
  };
  const configuration = new LoggedConfiguration('us-west-2', account, 'CfgAbCdEfGhI', log);
  const queue = { shard: 0, account, configuration: 'CfgAbCdEfGhI', records: entries.length };
  const lane = new Lane({ ...queue, oldestMs: 1_000, oldestId: '1000-0' });
  const job = (): Job => {
    const budget = new BufferBudget({ records: 100_000, bytes: 100_000_000, claims: 4 });
    const claim = budget.take('holder', { records: 10_000, bytes: 8_000_000 });
    if (claim === undefined) throw new Error('no room');
    const target = { kind: 'known', destination } as const;
    lane.begin();
    return { lane, configuration, target, claim, ticket: configuration.health.begin() };
  };
  const shippedCount = async () =>
    (await registry.getSingleMetric('roomstream_log_records_shipped_total')?.get())?.values[0]?.value;
  return { shipping, lane, job, state, delivered, shippedCount };
}

function isBehind(entryId: string, after: string): boolean {
  const [ms = 0, seq = 0] = entryId.split('-').map(Number);
  const [afterMs = 0, afterSeq = 0] = after.split('-').map(Number);
  return ms > afterMs || (ms === afterMs && seq > afterSeq);
}

test('a part of a window is not delivered when another shipper has shipped the whole while it was read', async () => {
  const entries = twoWindows();
  const { shipping, lane, job, state, delivered } = stage(entries, false);
  // Paused behind the first portion: the next owner ships the window and removes it.
  state.onRead = () => {
    if (state.reads === 1) entries.splice(0, 1_200);
  };
  assert.equal(await shipping.deliverNext(job()), undefined);
  assert.ok(state.reads > 1);
  assert.deepEqual(delivered, []);
  assert.equal(lane.retry, undefined);
});

test('a window that loses records to a full queue while it is read is delivered all the same', async () => {
  const entries = twoWindows();
  const { shipping, job, state, delivered } = stage(entries, true);
  state.onRead = () => entries.splice(0, 10);
  assert.notEqual(await shipping.deliverNext(job()), undefined);
  assert.ok(state.reads > 1);
  assert.equal(delivered.length, 1);
});

test('a window that ends while it is read isn’t taken for closed', async () => {
  const { shipping, job, delivered, state } = stage([entryAt(1_000, 0)], true);
  state.nowMs = windowMs;
  state.onRead = () => {
    state.nowMs = 10 * windowMs;
  };
  assert.equal(await shipping.deliverNext(job()), undefined);
  assert.deepEqual(delivered, []);
  assert.notEqual(await shipping.deliverNext(job()), undefined);
  assert.equal(delivered.length, 1);
});

test('records that were refused at an earlier try and dropped since don’t make the count of what is shipped go back', async () => {
  const entries = [entryAt(1_000, 0), entryAt(1_000, 1), entryAt(windowMs, 0)];
  const { shipping, lane, job, shippedCount } = stage(entries, true);
  const through = '1000-1';
  lane.retry = { through, entries: 3, bytes: 1_000, rejected: 3, delivered: new Map() };
  const own = job();
  const shipped = await shipping.deliverNext(own);
  assert.equal(shipped?.rejected, 3);
  assert.equal(shipped.times.length, 2);
  await shipping.acknowledge(own, shipped);
  assert.equal((await shippedCount()) ?? 0, 0);
});
