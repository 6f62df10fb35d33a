import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { Registry } from 'prom-client';
import type { Bus } from '../src/bus.ts';
import { reviewGroup, reviewQueueKey } from '../src/keys.ts';
import { decodeReview, encodeReview, type WaitingReview } from '../src/review.ts';
import type { ReviewGroup } from '../src/review-group.ts';
import { defineScripts } from '../src/scripts.ts';
import { busFor, collect, redisFor, reviewOf } from './bus-fixture.ts';

const account = '000000000000';

/** A worker that allows what it gets. */
function worker(t: TestContext, bus: Bus, claimMs: number): ReviewGroup {
  const settling = new Set<Promise<unknown>>();
  const allow = (review: WaitingReview) => {
    const { room, id, content } = review;
    settling.add(group.settle(review, { kind: 'frame', account, room, id, body: content }));
  };
  const group = bus.reviewGroup({ worker: newId(), claimMs }, { capacity: () => 100, onReview: allow });
  t.after(() => Promise.all([...settling, group.close()]));
  return group;
}

/** Submits the text as a message of ann's, as a gateway would. */
async function submit(bus: Bus, room: string, text: string): Promise<void> {
  const stream = bus.keyOfRoom(room, 'room');
  const tag = tagOf(bus, room);
  const keys = [stream, bus.keyOfRoom(room, 'review'), bus.keyOfRoom(room, `rate:${room}`)];
  await defineScripts(bus.commands).publishEntries(
    [...keys, reviewQueueKey(tag, room, 'ann')],
    [`{${tag}}:push`, `{${tag}}:review-wake`, 1, 0, '', 100, 1, text],
  );
}

function tagOf(bus: Bus, room: string): string {
  const stream = bus.keyOfRoom(room, 'room');
  return stream.slice(1, stream.indexOf('}'));
}

const broken = (room: string) => `V${account}${room}${newId()}{"content":`;

test('messages that nobody can read are put aside once, are counted, and hold up neither their sender nor readiness', async (t) => {
  const redis = await redisFor(t);
  const registry = new Registry();
  const bus = await busFor(t, redis.url, 1, registry);
  const room = newId();
  const collector = await collect(bus, room);
  const [reviewStream, dead] = [bus.keyOfRoom(room, 'review'), bus.keyOfRoom(room, 'review-dead')];
  await submit(bus, room, broken(room));
  await bus.submitReview(reviewOf(room, 'ann', '1'));
  await submit(bus, room, 'X');
  await bus.submitReview(reviewOf(room, 'ann', '2'));
  // Nothing says whose this one is.
  await bus.commands.xadd(reviewStream, '*', 'other', 'field');
  const group = worker(t, bus, 60_000);
  await eventually(() =>
    assert.deepEqual(
      collector.entries.map(({ text }) => text),
      ['1', '2'],
    ),
  );
  await eventually(async () => assert.equal(await bus.commands.xlen(reviewStream), 0));
  assert.deepEqual((await bus.commands.xpending(reviewStream, reviewGroup))[0], 0);
  assert.equal(await bus.commands.xlen(dead), 3);
  assert.ok((await bus.commands.pttl(dead)) > 0);
  for (const what of [`review-queue:${room}:ann`, 'review-verdicts']) {
    assert.equal(await bus.commands.exists(bus.keyOfRoom(room, what)), 0, what);
  }
  assert.match(await registry.metrics(), /^roomstream_bus_dead_reviews_total 3$/m);
  await eventually(() => assert.equal(group.backlog().count, 0));
});

test('what waits behind a message that nobody can read is delivered when that is claimed from a dead worker', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const room = newId();
  const collector = await collect(bus, room);
  const reviewStream = bus.keyOfRoom(room, 'review');
  await submit(bus, room, broken(room));
  await bus.commands.xgroup('CREATE', reviewStream, reviewGroup, '0');
  await bus.commands.xreadgroup('GROUP', reviewGroup, 'dead', 'STREAMS', reviewStream, '>');
  await bus.submitReview(reviewOf(room, 'ann', 'behind'));
  worker(t, bus, 500);
  await eventually(() => assert.equal(collector.entries[0]?.text, 'behind'), 20_000);
  assert.equal(await bus.commands.xlen(reviewStream), 0);
});

test('of the messages that nobody can read only the last hundred of a shard are kept', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const room = newId();
  for (let i = 0; i < 110; i++) await submit(bus, room, broken(room));
  worker(t, bus, 60_000);
  await eventually(async () => assert.equal(await bus.commands.xlen(bus.keyOfRoom(room, 'review')), 0));
  assert.equal(await bus.commands.xlen(bus.keyOfRoom(room, 'review-dead')), 100);
});

test('after Redis has lost its data, workers make their group again and review goes on', async (t) => {
  const redis = await redisFor(t);
  const bus = await busFor(t, redis.url, 1);
  const room = newId();
  const collector = await collect(bus, room);
  worker(t, bus, 500);
  await bus.submitReview(reviewOf(room, 'ann', 'before'));
  await eventually(() => assert.equal(collector.entries.length, 1));
  await bus.commands.flushall();
  await bus.submitReview(reviewOf(room, 'ann', 'after'));
  await eventually(() => assert.equal(collector.entries.at(-1)?.text, 'after'), 20_000);
  assert.equal(await bus.commands.exists(bus.keyOfRoom(room, `review-queue:${room}:ann`)), 0);
});

test('a message of a wrong form is not read at all, whatever its member', () => {
  const review = reviewOf(newId(), 'ann');
  assert.ok(decodeReview(encodeReview(review), '1-1'));
  assert.ok(decodeReview(encodeReview({ ...review, requestId: undefined }), '1-1'));
  const wrong: Record<string, unknown>[] = [
    { content: 1 },
    { attributes: { a: 1 } },
    { sender: null },
    { sender: { userId: 'ann', attributes: {} } },
    { handler: { uri: 'x', fallbackResult: 'MAYBE' } },
    { maximumMessageLength: '500' },
    { replyTo: { gateway: 'g' } },
    { requestId: 1 },
  ];
  for (const member of wrong) {
    const text = encodeReview({ ...review, ...member } as typeof review);
    assert.equal(decodeReview(text, '1-1'), undefined, JSON.stringify(member));
  }
});
