import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { startFleetProcess } from '@roomstream/testing/fleet-process';
import { Controlled, fine, metric, objectsOf, openStage } from './stage.ts';

const live = { firehose: { deliveryStreamName: 'live' } };
const patience = 60_000;

test('a shipper that is killed in the middle costs no record, and what is uploaded again has the same names and bytes', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_LOG_LEASE_MS: '1000' });
  const configuration = await stage.configuration();
  const rooms = Array.from({ length: 10 }, () => newId());
  const said = new Map<string, string[]>(rooms.map((room) => [room, []]));
  const shipper = await startFleetProcess('log-shipper', stage.env);
  t.after(() => shipper.kill());
  for (let kill = 0; kill < 4; kill++) {
    const before = objectsOf(stage.folder).length;
    await eventually(async () => {
      for (const room of rooms) said.get(room)?.push(...(await stage.say(room, [configuration], 3)));
      // Objects of this window are being written now.
      return objectsOf(stage.folder).length > before;
    }, patience);
    await shipper.restart();
  }
  const all = () => objectsOf(stage.folder).flatMap(({ contents }) => contents);
  const expected = [...said.values()]
    .flat()
    .map(Number)
    .sort((a, b) => a - b);
  await eventually(
    () =>
      assert.deepEqual(
        all()
          .map(Number)
          .sort((a, b) => a - b),
        expected,
        'each record is in one object',
      ),
    patience,
  );
  for (const room of rooms) {
    const own = objectsOf(stage.folder).filter(({ key }) => key.includes(`room_${room}/`));
    // Keys of one minute differ in their hash alone; within an object the order is the room's.
    for (const { contents } of own) {
      const order = contents.map((content) => said.get(room)?.indexOf(content) ?? -1);
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
    }
  }
  assert.equal(await shipper.kill('SIGTERM'), 0, shipper.output());
  assert.match(shipper.output(), /log-shipper has stopped/);
});

test('a shipper that stops finishes what is under way, and the next one delivers nothing of it again', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  const held: (() => void)[] = [];
  destination.answer = () => new Promise((resolve) => held.push(() => resolve(fine)));
  const first = await stage.shipper({}, { live: destination });
  const configuration = await stage.configuration(live);
  const room = newId();
  const said = await stage.say(room, [configuration], 5);
  await eventually(() => assert.equal(held.length, 1), patience);
  const stopped = first.stop();
  assert.match(first.notReady().join(), /stopping/);
  destination.answer = () => fine;
  const second = await stage.shipper({}, { live: destination });
  for (const release of held) release();
  await stopped;
  await eventually(
    async () => assert.equal(await metric(second, 'roomstream_log_shards_owned'), 8),
    patience,
  );
  said.push(...(await stage.say(room, [configuration], 5)));
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
});

test('a shipper with a hanging destination stops within its bound, and nothing is lost', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  destination.answer = (_room, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () =>
        resolve({ kind: 'failed', reason: 'timeout', err: signal.reason }),
      );
    });
  const first = await stage.shipper({ ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS: '600' }, { live: destination });
  const configuration = await stage.configuration(live);
  const room = newId();
  const said = await stage.say(room, [configuration], 5);
  await eventually(() => assert.equal(destination.underWay, 1), patience);
  const startMs = performance.now();
  await first.stop();
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  destination.answer = () => fine;
  await stage.shipper({}, { live: destination });
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
});

test('shippers that come share the shards, and every record is delivered in order while they do', async (t) => {
  // So many that by chance alone neither has all of them.
  const shards = 64;
  const stage = await openStage(t, { ROOMSTREAM_SHARDS: `${shards}` });
  const destination = new Controlled();
  const configuration = await stage.configuration(live);
  const rooms = Array.from({ length: 10 }, () => newId());
  const said = new Map<string, string[]>(rooms.map((room) => [room, []]));
  const sayAll = async () => {
    for (const room of rooms) said.get(room)?.push(...(await stage.say(room, [configuration], 3)));
  };
  const first = await stage.shipper({}, { live: destination });
  await eventually(async () => {
    await sayAll();
    assert.equal(await metric(first, 'roomstream_log_shards_owned'), shards);
  }, patience);
  const second = await stage.shipper({}, { live: destination });
  await eventually(async () => {
    await sayAll();
    const owned = await Promise.all([first, second].map((one) => metric(one, 'roomstream_log_shards_owned')));
    assert.ok(
      owned.every((count) => count > 0 && count < shards),
      `${owned}`,
    );
    assert.equal(
      owned.reduce((sum, count) => sum + count),
      shards,
    );
  }, patience);
  await sayAll();
  for (const room of rooms) {
    await eventually(() => assert.deepEqual(destination.of(room), said.get(room)), patience);
  }
});

test('a batch whose acknowledgement fails is not delivered again by the same shipper', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_LOG_LEASE_MS: '60000' });
  const destination = new Controlled();
  const shipper = await stage.shipper({}, { live: destination });
  const configuration = await stage.configuration(live);
  const room = newId();
  const said = await stage.say(room, [configuration], 5);
  // Acknowledged: from now on the next batch is the one whose acknowledgement fails.
  await eventually(
    async () => assert.equal(await metric(shipper, 'roomstream_log_records_shipped_total'), 5),
    patience,
  );
  destination.answer = () => {
    // Redis doesn't answer the acknowledgement, nor anything else.
    stage.redis.freeze();
    return fine;
  };
  said.push(...(await stage.say(room, [configuration], 5)));
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
  await eventually(() => assert.notDeepEqual(shipper.notReady(), []), patience);
  destination.answer = () => fine;
  stage.redis.thaw();
  await eventually(() => assert.deepEqual(shipper.notReady(), []), patience);
  await eventually(async () => {
    assert.equal(await metric(shipper, 'roomstream_log_records_shipped_total'), 10);
    assert.equal(await metric(shipper, 'roomstream_log_backlog_records'), 0);
  }, patience);
  said.push(...(await stage.say(room, [configuration], 5)));
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
});

test('a restart of Redis loses no record', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  const shipper = await stage.shipper({}, { live: destination });
  const configuration = await stage.configuration(live);
  const room = newId();
  const said = await stage.say(room, [configuration], 50);
  await eventually(() => assert.ok(destination.seen.length > 0), patience);
  await stage.redis.kill();
  await eventually(() => assert.notDeepEqual(shipper.notReady(), []), patience);
  await stage.redis.restart();
  await eventually(async () => {
    said.push(...(await stage.say(room, [configuration])));
  }, patience);
  await eventually(() => {
    const got = [...new Set(destination.of(room))];
    assert.deepEqual(
      got.filter((content) => said.includes(content)),
      said,
    );
  }, patience);
  await eventually(() => assert.deepEqual(shipper.notReady(), []), patience);
});
