import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import type { Bus } from '../src/bus.ts';
import { encodeEntry } from '../src/entry.ts';
import { reviewGroup, reviewQueueKey } from '../src/keys.ts';
import { decodeReply, encodeReply } from '../src/reply.ts';
import { encodeReview, type WaitingReview } from '../src/review.ts';
import type { ReviewGroup } from '../src/review-group.ts';
import { defineScripts } from '../src/scripts.ts';
import { collect, frame, openTestBus, reviewOf } from './bus-fixture.ts';

let redis: RedisServer;
let bus: Bus;

before(async () => {
  redis = await startRedis(durable);
  bus = await openTestBus(redis.url);
});

after(async () => {
  await bus?.close();
  await redis?.stop();
});

const account = '000000000000';

/** A worker that collects what it gets, and settles when it is told. */
function worker(on: Bus, capacity = 1_000, claimMs = 60_000) {
  const taken: (WaitingReview & { readonly isClaimed: boolean })[] = [];
  const group: ReviewGroup = on.reviewGroup(
    { worker: newId(), claimMs },
    {
      capacity: () => capacity - taken.length,
      onReview: (review, isClaimed) => void taken.push({ ...review, isClaimed }),
    },
  );
  const allow = (review: WaitingReview, body = review.content) =>
    group.settle(review, { kind: 'frame', account, room: review.room, id: review.id, body });
  return { taken, group, allow };
}

test('a submitted message reaches one of the workers with all that was submitted', async (t) => {
  const workers = [worker(bus), worker(bus)];
  t.after(() => Promise.all(workers.map(({ group }) => group.close())));
  const reviews = Array.from({ length: 40 }, () => reviewOf(newId(), 'ann "a"\n'));
  await Promise.all(reviews.map((review) => bus.submitReview(review)));
  const taken = () => workers.flatMap((one) => one.taken);
  await eventually(() => taken().length === reviews.length);
  for (const review of reviews) {
    const { entryId, submittedMs, isClaimed, ...rest } = taken().find(({ id }) => id === review.id) ?? {
      entryId: '',
      submittedMs: 0,
      isClaimed: true,
    };
    assert.deepEqual(rest, review);
    assert.ok(Math.abs(submittedMs - bus.clock.nowMs()) < 60_000 && !isClaimed && entryId !== '');
  }
  for (const one of workers) for (const review of one.taken) await one.allow(review);
});

test('messages of one sender reach the room in the order in which they were sent, however the workers settle them; other senders wait for nobody', async (t) => {
  const [one, two] = [worker(bus), worker(bus)];
  t.after(() => Promise.all([one.group.close(), two.group.close()]));
  const room = newId();
  const collector = await collect(bus, room);
  const sent = [reviewOf(room, 'ann', '1'), reviewOf(room, 'ann', '2'), reviewOf(room, 'ann', '3')];
  const other = reviewOf(room, 'bob', 'b');
  for (const review of [...sent, other]) await bus.submitReview(review);
  await eventually(() => one.taken.length + two.taken.length === 4);
  const reviewed = (content: string) =>
    [...one.taken, ...two.taken].find((review) => review.content === content) ?? assert.fail();
  await two.allow(reviewed('3'));
  await one.allow(reviewed('2'));
  await two.allow(reviewed('b'));
  await eventually(() => collector.entries.length === 1);
  assert.equal(collector.entries[0]?.text, 'b');
  await one.allow(reviewed('1'));
  await eventually(() => collector.entries.length === 4);
  assert.deepEqual(
    collector.entries.map(({ text }) => text),
    ['b', '1', '2', '3'],
  );
  assert.equal(await bus.commands.exists(bus.keyOfRoom(room, 'review-queue:ann')), 0);
  assert.equal(await bus.commands.exists(bus.keyOfRoom(room, 'review-verdicts')), 0);
});

test('of two workers that settle the same message only the first counts, and nothing is delivered twice', async (t) => {
  const [one, two] = [worker(bus), worker(bus)];
  t.after(() => Promise.all([one.group.close(), two.group.close()]));
  const room = newId();
  const collector = await collect(bus, room);
  await bus.submitReview(reviewOf(room, 'ann'));
  const review = await eventually(() => {
    const [found] = [...one.taken, ...two.taken];
    assert.ok(found);
    return found;
  });
  const outcomes = await Promise.all([one.allow(review, 'by one'), two.allow(review, 'by two')]);
  assert.deepEqual(outcomes.toSorted(), ['settled', 'settled-before']);
  assert.equal(await one.allow(review, 'again'), 'settled-before');
  await bus.publish([frame(room, 'last')]);
  await eventually(() => collector.entries.at(-1)?.text === 'last');
  assert.equal(collector.entries.length, 2);
});

test('a denied message is a reply for one connection, in the order of the room', async (t) => {
  const one = worker(bus);
  t.after(() => one.group.close());
  const room = newId();
  const collector = await collect(bus, room);
  await bus.submitReview(reviewOf(room, 'ann'));
  const review = await eventually(() => one.taken[0] ?? assert.fail());
  const body = encodeReply(review.replyTo, '{"Type":"ERROR"}\n');
  await one.group.settle(review, { kind: 'reply', account, room, id: review.id, body });
  await eventually(() => collector.entries.length === 1);
  const [reply] = collector.entries;
  assert.equal(reply?.kind, 'reply');
  const { frame: answer, ...address } = decodeReply(reply?.body ?? Buffer.alloc(0)) ?? {};
  assert.deepEqual([address, answer?.toString()], [review.replyTo, '{"Type":"ERROR"}\n']);
});

test('what a dead worker had is claimed by another one, which doesn’t take it for new', async (t) => {
  const dead = await openTestBus(redis.url);
  const room = newId();
  const died = worker(dead, 1_000, 500);
  await bus.submitReview(reviewOf(room, 'ann'));
  await eventually(() => died.taken.length === 1);
  await dead.close();
  const living = worker(bus, 1_000, 500);
  t.after(() => living.group.close());
  const review = await eventually(() => living.taken[0] ?? assert.fail(), 20_000);
  assert.ok(review.isClaimed);
  assert.ok(living.group.backlog().count >= 1);
  assert.equal(await living.allow(review), 'settled');
  await eventually(() => living.group.backlog().count === 0);
});

test('a worker takes no more than it has capacity for, and goes on when it has more', async (t) => {
  let capacity = 3;
  const taken: WaitingReview[] = [];
  const group = bus.reviewGroup(
    { worker: newId(), claimMs: 60_000 },
    { capacity: () => capacity - taken.length, onReview: (review) => void taken.push(review) },
  );
  t.after(() => group.close());
  const rooms = Array.from({ length: 10 }, () => newId());
  for (const room of rooms) await bus.submitReview(reviewOf(room, 'ann'));
  await eventually(() => group.backlog().count === 10);
  assert.equal(taken.length, 3);
  capacity = 10;
  group.resume();
  await eventually(() => taken.length === 10);
  for (const review of taken)
    await group.settle(review, { kind: 'frame', account, room: review.room, id: review.id, body: '' });
});

test('submitting counts for the rate of the room, together with what is published', async () => {
  const room = newId();
  assert.equal((await bus.publish([frame(room)], 2)).kind, 'published');
  assert.equal((await bus.submitReview(reviewOf(room, 'ann'), 2)).kind, 'published');
  assert.equal((await bus.submitReview(reviewOf(room, 'ann'), 2)).kind, 'rate-exceeded');
  await drain(room);
});

test('a submit whose reply was lost is not added again: neither while it waits nor after it was settled', async () => {
  const room = newId();
  const scripts = defineScripts(bus.commands);
  const keys = ['room', 'review', `rate:${room}`, 'review-queue:'].map((what) => bus.keyOfRoom(room, what));
  const [stream = '', reviewStream = '', rate = ''] = keys;
  const tag = stream.slice(1, stream.indexOf('}'));
  const queue = reviewQueueKey(tag, room, 'ann');
  const review = reviewOf(room, 'ann');
  const since = bus.clock.nowMs() - 1_000;
  const submit = async (isRetried: boolean) =>
    scripts.publishEntries(
      [stream, reviewStream, rate, queue],
      [`{${tag}}:push`, `{${tag}}:review-wake`, 1, 5, isRetried ? since : '', 100, 1, encodeReview(review)],
    );
  const waitingBefore = await bus.commands.xlen(reviewStream);
  const [first] = await submit(false);
  assert.deepEqual(await submit(true), [first]);
  assert.equal(await bus.commands.xlen(reviewStream), waitingBefore + 1);
  await bus.commands.xgroup('CREATE', reviewStream, reviewGroup, '0', 'MKSTREAM').catch(() => undefined);
  const verdict = encodeEntry({ kind: 'frame', account, room, id: review.id, body: 'ok' });
  assert.equal(
    await scripts.settleReview(
      [reviewStream, stream, `{${tag}}:review-verdicts`, queue, `{${tag}}:review-dead`],
      [`{${tag}}:push`, reviewGroup, `${first}`, verdict, ''],
    ),
    1,
  );
  const [again] = await submit(true);
  assert.equal(typeof again, 'string');
  assert.equal(await bus.commands.xlen(reviewStream), waitingBefore);
});

test('when too many messages wait for review on a shard, submitting is unavailable at once', async () => {
  const room = newId();
  const stream = bus.keyOfRoom(room, 'room');
  const tag = stream.slice(1, stream.indexOf('}'));
  const reply = await defineScripts(bus.commands).publishEntries(
    [stream, bus.keyOfRoom(room, 'review'), bus.keyOfRoom(room, 'rate:x'), reviewQueueKey(tag, room, 'ann')],
    [`{${tag}}:push`, `{${tag}}:review-wake`, 1, 0, '', 0, 1, encodeReview(reviewOf(room, 'ann'))],
  );
  assert.deepEqual(reply, [-1]);
});

test('messages submitted while no worker runs are taken by the first that starts, through a restart of Redis', async (t) => {
  const room = newId();
  await drain(room);
  await bus.submitReview(reviewOf(room, 'ann', 'kept'));
  await redis.restart();
  const late = worker(bus);
  t.after(() => late.group.close());
  const review = await eventually(() => late.taken[0] ?? assert.fail(), 20_000);
  assert.equal(review.content, 'kept');
  await eventually(async () => assert.equal(await late.allow(review), 'settled'));
});

/** Settles what earlier tests left waiting. */
async function drain(room: string): Promise<void> {
  const one = worker(bus);
  const reviewStream = bus.keyOfRoom(room, 'review');
  await eventually(async () => {
    for (const review of one.taken.splice(0)) await one.allow(review);
    assert.equal(await bus.commands.xlen(reviewStream), 0);
  });
  await one.group.close();
}
