import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LogEntry, LogLane } from '@roomstream/bus/log-group';
import { encodeEvent } from '@roomstream/protocol/frames';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { eventually } from '@roomstream/testing/eventually';
import { BufferBudget } from './buffer-budget.ts';
import { Lanes } from './lanes.ts';
import type { LogDestination } from './log-destination.ts';
import { openLogMetrics } from './metrics.ts';

const account = '000000000000';
const event = { id: 'AYk6xKitV4On', requestId: undefined, eventName: 'e', attributes: {}, sendTimeMs: 0 };
const body = Buffer.from(encodeEvent(event));

/** A queue that never ends. */
function endless({ shard }: LogLane, after: string, count: number): LogEntry[] {
  const from = after === '' ? 0 : Number(after.split('-')[1]) + 1;
  return Array.from({ length: count }, (_, i) => ({
    entryId: `1000-${from + i}`,
    ms: 1000,
    room: `room${shard}`,
    id: event.id,
    body,
  }));
}

const queue = (configuration: string, records: number, shard = 0): LogLane => ({
  shard,
  account,
  configuration,
  records,
  oldestMs: 1000,
  oldestId: '1000-0',
});

/** Lanes over queues that never end; `deliver` is told the configuration of each batch, and its one room. */
function openLanes(
  t: TestContext,
  most: { readonly records: number; readonly claims: number },
  deliver: (configuration: string, room: string) => Promise<void>,
) {
  const batch = { records: 100, bytes: 1024 * 1024 };
  const budget = new BufferBudget({ bytes: 1024 ** 3, ...most });
  const metrics = openLogMetrics(openMetrics(), 0, {
    backlogs: () => [],
    buffer: () => budget.held,
    ownedShards: () => 0,
  });
  const lanes = new Lanes({
    region: 'us-west-2',
    rules: {
      batch,
      windowMs: 60_000,
      limitMs: { live: 60_000, window: 60_000 },
      concurrency: 8,
      backlogRecords: 100_000,
    },
    budget,
    metrics,
    group: {
      read: async (lane, after, count) => endless(lane, after, count),
      acknowledge: async () => 'acknowledged',
      owns: async () => true,
    },
    load: async (_account, id) => ({
      account,
      id,
      name: '',
      createTimeMs: 0,
      updateTimeMs: 0,
      destination: { firehose: { deliveryStreamName: id } },
      state: 'ACTIVE',
      tags: {},
    }),
    destinationOf: ({ id }): LogDestination => ({
      kind: 'firehose',
      pace: 'live',
      deliver: async (rooms) => {
        const outcome = await deliver(id, rooms[0]?.room ?? '').then(
          () => ({ kind: 'delivered', rejected: 0 }) as const,
          (err: unknown) => ({ kind: 'failed', reason: 'error', err }) as const,
        );
        return rooms.map(() => outcome);
      },
    }),
    nowMs: () => 120_000,
    log: openLog('test', 'silent'),
  });
  t.after(() => lanes.close());
  return { lanes, budget };
}

test('a large batch gets its turn though small ones of others keep the buffer full', async (t) => {
  const names = Array.from({ length: 60 }, (_, i) => `small${i}`.padEnd(12, '0'));
  const waiting: (() => void)[] = [];
  let hasLarge = false;
  const { lanes, budget } = openLanes(t, { records: 400, claims: 1_000 }, async (configuration) => {
    if (configuration.startsWith('large')) hasLarge = true;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  });
  // One is done at a time, and has ten records again: without a line another small one takes what it gives back.
  const smallOnes = (also: readonly LogLane[] = []) =>
    lanes.onLanes(0, [...names.map((name) => queue(name, 10)), ...also], new Map());
  smallOnes();
  await eventually(() => assert.ok(budget.held.records > 350, `${budget.held.records}`));
  await eventually(() => {
    smallOnes([queue('largeConfigu', 5_000)]);
    waiting.shift()?.();
    assert.ok(hasLarge);
  });
  for (const done of waiting) done();
});

test('all configurations together have no more batches under way than they may, and a hanging one leaves room', async (t) => {
  const [hanging, quick] = ['hangingConfi', 'quickConfigu'];
  let [underWay, most, done] = [0, 0, 0];
  const held: (() => void)[] = [];
  const { lanes } = openLanes(t, { records: 100_000, claims: 6 }, async (configuration) => {
    most = Math.max(most, ++underWay);
    if (configuration === quick) done++;
    else await new Promise<void>((resolve) => held.push(resolve));
    underWay--;
  });
  const poll = (configuration: string) => {
    for (let shard = 0; shard < 20; shard++)
      lanes.onLanes(shard, [queue(configuration, 10, shard)], new Map());
  };
  poll(hanging);
  await eventually(() => assert.equal(held.length, 3));
  await eventually(() => {
    for (let shard = 0; shard < 20; shard++)
      lanes.onLanes(shard, [queue(hanging, 10, shard), queue(quick, 10, shard)], new Map());
    assert.ok(done >= 40);
  });
  assert.ok(most <= 6 && held.length === 3, `${most}, ${held.length}`);
  for (const release of held) release();
});

test('a room that can’t be written pauses its queue, ever longer, and not its configuration again and again', async (t) => {
  let [failures, outages, wasFailing] = [0, 0, false];
  const { lanes } = openLanes(t, { records: 100_000, claims: 100 }, async (_configuration, room) => {
    if (room !== 'room0') return;
    failures++;
    throw new Error('broken');
  });
  await eventually(() => {
    for (const shard of [0, 1]) lanes.onLanes(shard, [queue('configOneTwo', 10, shard)], new Map());
    const isFailing = lanes.backlogs().some((backlog) => backlog.isFailing);
    if (isFailing && !wasFailing) outages++;
    wasFailing = isFailing;
    assert.ok(failures >= 3 && !isFailing);
  }, 30_000);
  assert.equal(outages, 1);
});
