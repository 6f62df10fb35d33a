import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import type { Entry } from '../src/entry.ts';
import type { WaitingReview } from '../src/review.ts';
import type { ReviewGroup } from '../src/review-group.ts';
import {
  account,
  busFor,
  collect,
  frame,
  logQueue,
  logsTo,
  metric,
  redisFor,
  reviewOf,
  Shipper,
} from './bus-fixture.ts';

const idsOf = (rows: readonly string[]) => rows.map((row) => row.split(' ')[1]);

/** What the stream of the room's shard holds, as `<stream id> <entry's id>`. */
async function streamOf(bus: Bus, room: string): Promise<string[]> {
  const rows = await bus.commands.xrange(bus.keyOfRoom(room, 'room'), '-', '+');
  return rows.map(([id, fields]) => `${id} ${fields[1]?.slice(25, 37)}`);
}

test('the frames of a publish, and nothing else of it, stand in each of its logs under the ids that they have in the stream', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url);
  const room = newId();
  const logs = logsTo('block', newId(), newId(), newId());
  const event = frame(room);
  const disconnect: Entry = { kind: 'disconnect', account, room, id: newId(), body: 'ann' };
  assert.equal((await bus.publish([frame(room)])).kind, 'published');
  const published = await bus.publish([event, disconnect], 5, logs);
  assert.ok(published.kind === 'published');
  for (const { configuration } of logs) {
    assert.deepEqual(await logQueue(bus, room, configuration), [`${published.entryId} ${event.id}`]);
  }
  const waiting = await bus.commands.smembers(bus.keyOfRoom(room, 'logs'));
  assert.deepEqual(waiting.toSorted(), logs.map(({ configuration }) => account + configuration).toSorted());
});

test('a publish without logs leaves nothing of them in Redis', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  await bus.publish([frame(newId())]);
  assert.deepEqual(
    (await bus.commands.keys('{s*')).map((key) => key.replace(/^.*:/, '')),
    ['room'],
  );
});

test('a log target of a malformed configuration is a bug of the caller', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url);
  for (const id of ['short', 'twelve-chars']) {
    assert.throws(() => bus.publish([frame(newId())], 1, logsTo('block', id)), /12 characters/);
  }
});

test('a logged publish whose reply was lost is not logged twice, and what is in the stream is in the log', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const bus = await busFor(t, redis.url, 1, registry);
  const other = await busFor(t, redis.url, 1);
  const room = newId();
  const logs = logsTo('drop-oldest', newId());
  const outcomes: Promise<unknown>[] = [];
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 10; i++) outcomes.push(bus.publish([frame(room)], 1000, logs));
    // The replies of what was just sent are cut off.
    await new Promise(setImmediate);
    await other.commands.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const again = () => bus.publish([frame(room)], 1000, logs);
    await eventually(() => again().then(({ kind }) => kind === 'published'));
  }
  await Promise.all(outcomes);
  assert.ok((await metric(registry, 'publish_retries_total')) > 0, 'nothing was retried');
  const logged = await logQueue(other, room, logs[0]?.configuration ?? '');
  assert.ok(logged.length >= 440);
  assert.equal(new Set(idsOf(logged)).size, logged.length, 'an entry stands twice in the log');
  assert.deepEqual(logged, await streamOf(other, room));
});

test('a log with `block` never has more records than may wait, under concurrent publishers; what is refused adds nothing and counts for no rate', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const most = 150;
  const buses = [
    await busFor(t, redis.url, 1, registry, most),
    await busFor(t, redis.url, 1, new Registry(), most),
  ];
  const [bus] = buses as [Bus];
  const logs = logsTo('block', newId());
  const configuration = logs[0]?.configuration ?? '';
  const rooms = Array.from({ length: 5 }, () => newId());
  const outcomes = await Promise.all(
    Array.from({ length: 400 }, async (_, i) => {
      const outcome = await buses[i % 2]?.publish([frame(rooms[i % 5] ?? '')], undefined, logs);
      await new Promise(setImmediate);
      return outcome;
    }),
  );
  assert.equal(outcomes.filter((outcome) => outcome?.kind === 'published').length, most);
  const refused = outcomes.filter((outcome) => outcome?.kind === 'log-full');
  assert.equal(refused.length, 400 - most);
  assert.ok(
    refused.every((outcome) => outcome?.kind === 'log-full' && outcome.configuration === configuration),
  );
  assert.deepEqual(await logQueue(bus, rooms[0] ?? '', configuration), await streamOf(bus, rooms[0] ?? ''));
  assert.equal(
    await metric(registry, 'log_refusals_total'),
    200 - (await metric(registry, 'published_total')),
  );

  const room = newId();
  // Two frames at once, of which one would fit, and of two logs the second is full.
  const two = [...logsTo('block', newId()), ...logs];
  for (let i = 0; i < 3; i++) {
    const outcome = await bus.publish([frame(room), frame(room)], 1, two);
    assert.deepEqual(outcome, { kind: 'log-full', configuration });
  }
  assert.deepEqual(await logQueue(bus, room, two[0]?.configuration ?? ''), []);
  // The rate is untouched, other rooms of the shard notice nothing, and review is refused alike.
  assert.equal((await bus.publish([frame(room)], 1)).kind, 'published');
  const review = { ...reviewOf(newId(), 'ann'), logs };
  assert.deepEqual(await bus.submitReview(review), { kind: 'log-full', configuration });
  assert.equal(await bus.commands.xlen(bus.keyOfRoom(room, 'review')), 0);
});

test('a log with `drop-oldest` keeps the newest records, exactly as many as may wait, and the shipper hears how many went', async (t) => {
  const redis = await redisFor(t);
  const most = 100;
  const buses = [
    await busFor(t, redis.url, 1, new Registry(), most),
    await busFor(t, redis.url, 1, new Registry(), most),
  ];
  const [bus] = buses as [Bus];
  const logs = logsTo('drop-oldest', newId(), newId());
  const other = logsTo('drop-oldest', newId());
  const room = newId();
  const shipper = new Shipper(bus);
  await Promise.all(
    Array.from({ length: 350 }, async (_, i) => {
      for (let turn = 0; turn < i % 7; turn++) await new Promise(setImmediate);
      const outcome = await buses[i % 2]?.publish([frame(room)], undefined, i < 300 ? logs : other);
      assert.equal(outcome?.kind, 'published');
    }),
  );
  const stream = await streamOf(bus, room);
  assert.equal(stream.length, 350);
  for (const { configuration } of logs) {
    const rows = await logQueue(bus, room, configuration);
    assert.equal(rows.length, most);
    const isLogged = new Set(rows);
    const logged = stream.filter((row) => isLogged.has(row));
    assert.deepEqual(rows, logged);
    await eventually(() => shipper.dropped.get(account + configuration) === 200);
  }
  assert.equal((await logQueue(bus, room, other[0]?.configuration ?? '')).length, 50);
  assert.equal(shipper.dropped.get(account + other[0]?.configuration), undefined);
  await shipper.group.close();
});

test('`exceed` adds to a log that is full: nothing is refused, and nothing goes for it', async (t) => {
  const redis = await redisFor(t);
  const most = 3;
  const bus = await busFor(t, redis.url, 1, new Registry(), most);
  const room = newId();
  const configuration = newId();
  for (let i = 0; i < most + 1; i++) {
    const outcome = await bus.publish([frame(room)], undefined, logsTo('block', configuration));
    assert.equal(outcome.kind, i < most ? 'published' : 'log-full');
  }
  for (let i = 0; i < 2; i++) {
    const outcome = await bus.publish([frame(room)], undefined, logsTo('exceed', configuration));
    assert.equal(outcome.kind, 'published');
  }
  const stream = await streamOf(bus, room);
  assert.equal(stream.length, most + 2);
  assert.deepEqual(await logQueue(bus, room, configuration), stream);
  assert.equal(await bus.commands.exists(bus.keyOfRoom(room, 'log-dropped')), 0);
});

/** A worker that collects messages and settles them when it is told. */
function worker(bus: Bus) {
  const taken: WaitingReview[] = [];
  const group: ReviewGroup = bus.reviewGroup(
    { worker: newId(), claimMs: 60_000 },
    { capacity: () => 100, onReview: (review) => void taken.push(review) },
  );
  const settle = (content: string, kind: 'frame' | 'reply' = 'frame') => {
    const review = taken.find((one) => one.content === content) ?? assert.fail(content);
    return group.settle(review, { kind, account, room: review.room, id: review.id, body: content });
  };
  return { taken, settle };
}

test('a reviewed message is logged when it is settled, once, and only when the verdict is a frame', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url);
  const { taken, settle } = worker(bus);
  const room = newId();
  const logs = logsTo('drop-oldest', newId());
  const configuration = logs[0]?.configuration ?? '';
  for (const content of ['allowed', 'denied', 'alone']) {
    await bus.submitReview({ ...reviewOf(room, content, content), logs: content === 'alone' ? [] : logs });
  }
  await eventually(() => taken.length === 3);
  assert.deepEqual(taken.find(({ content }) => content === 'allowed')?.logs, logs);
  assert.deepEqual(await logQueue(bus, room, configuration), []);
  await settle('alone');
  await settle('denied', 'reply');
  await settle('allowed');
  assert.equal(await settle('allowed'), 'settled-before');
  const [last] = (await streamOf(bus, room)).slice(-1);
  assert.deepEqual(await logQueue(bus, room, configuration), [last]);
});

test('verdicts that wait for an earlier message of their sender are logged with it, each to the logs of its own time', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url);
  const { taken, settle } = worker(bus);
  const room = newId();
  const collector = await collect(bus, room);
  const [before, after] = [newId(), newId()];
  const of: Record<string, string[]> = { one: [], two: [before], three: [before, after], four: [after] };
  for (const [content, configurations] of Object.entries(of)) {
    await bus.submitReview({ ...reviewOf(room, 'ann', content), logs: logsTo('block', ...configurations) });
  }
  await eventually(() => taken.length === 4);
  await settle('three');
  await settle('two');
  await settle('four');
  assert.deepEqual([await logQueue(bus, room, before), await logQueue(bus, room, after)], [[], []]);
  await settle('one');
  await eventually(() => collector.entries.length === 4);
  const stream = await streamOf(bus, room);
  assert.deepEqual(await logQueue(bus, room, before), stream.slice(1, 3));
  assert.deepEqual(await logQueue(bus, room, after), stream.slice(2, 4));
  assert.equal(await bus.commands.exists(bus.keyOfRoom(room, 'review-verdicts')), 0);
});

test('a message that was accepted for review is logged though its log has become full', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1, new Registry(), 1);
  const { taken, settle } = worker(bus);
  const room = newId();
  const logs = logsTo('block', newId());
  await bus.submitReview({ ...reviewOf(room, 'ann', 'accepted'), logs });
  assert.equal((await bus.publish([frame(room)], undefined, logs)).kind, 'published');
  await eventually(() => taken.length === 1);
  assert.equal(await settle('accepted'), 'settled');
  assert.equal((await logQueue(bus, room, logs[0]?.configuration ?? '')).length, 2);
});
