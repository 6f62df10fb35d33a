import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { configurationArn } from '../src/metrics.ts';
import { account, broken, Controlled, fine, metric, objectsOf, openStage, region } from './stage.ts';

const live = { firehose: { deliveryStreamName: 'live' } };
const patience = 30_000;

test('records reach a live destination once, in the order of their room, and leave the queue', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  const shipper = await stage.shipper({}, { live: destination });
  const configuration = await stage.configuration(live);
  const rooms = Array.from({ length: 20 }, () => newId());
  const said = new Map<string, string[]>(rooms.map((room) => [room, []]));
  for (let i = 0; i < 10; i++) {
    for (const room of rooms) said.get(room)?.push(...(await stage.say(room, [configuration], 5)));
  }
  await eventually(() => assert.equal(destination.count, 1_000), patience);
  for (const room of rooms) assert.deepEqual(destination.of(room), said.get(room));
  await eventually(async () => {
    assert.equal(await metric(shipper, 'roomstream_log_records_shipped_total'), 1_000);
    assert.equal(await metric(shipper, 'roomstream_log_backlog_records'), 0);
    assert.equal(await metric(shipper, 'roomstream_log_buffer_bytes'), 0);
  }, patience);
  assert.equal(await metric(shipper, 'roomstream_log_shards_owned'), 8);
  assert.ok((await metric(shipper, 'roomstream_log_bytes_shipped_total')) > 1_000 * 150);
});

test('each configuration of a room gets every record, at its own pace', async (t) => {
  const stage = await openStage(t);
  const [fast, windowed] = [new Controlled(), new Controlled('window')];
  await stage.shipper({}, { live: fast, windowed });
  const configurations = [
    await stage.configuration(live),
    await stage.configuration({ s3: { bucketName: 'windowed' } }),
  ];
  const room = newId();
  const said = await stage.say(room, configurations, 100);
  await eventually(() => assert.deepEqual(fast.of(room), said), patience);
  await eventually(() => assert.deepEqual(windowed.of(room), said), patience);
});

test('a batch for windows has records of one window, and comes when no other record can come into it', async (t) => {
  const stage = await openStage(t);
  const windowed = new Controlled('window');
  const early: number[] = [];
  windowed.answer = () => {
    const { windowStartMs } = windowed.seen.at(-1) ?? assert.fail();
    if (stage.bus.clock.nowMs() < windowStartMs + 1_950) early.push(windowStartMs);
    return fine;
  };
  await stage.shipper({}, { windowed });
  const configuration = await stage.configuration({ s3: { bucketName: 'windowed' } });
  const rooms = Array.from({ length: 6 }, () => newId());
  const startMs = stage.bus.clock.nowMs();
  let count = 0;
  while (stage.bus.clock.nowMs() < startMs + 3_500) {
    for (const room of rooms) count += (await stage.say(room, [configuration])).length;
  }
  await eventually(() => assert.equal(windowed.count, count), patience);
  assert.deepEqual(early, []);
  for (const { windowStartMs, times } of windowed.seen) {
    assert.equal(windowStartMs % 1_000, 0);
    for (const ms of times) assert.ok(ms >= windowStartMs && ms < windowStartMs + 1_000);
  }
  const windows = new Set(windowed.seen.map(({ windowStartMs }) => windowStartMs));
  assert.ok(windows.size >= 3);
  for (const room of rooms) {
    for (const windowStartMs of windows) {
      const batches = windowed.seen.filter(
        (seen) => seen.windowStartMs === windowStartMs && seen.rooms.has(room),
      );
      assert.ok(batches.length <= 1, 'a room has more than one batch in a window');
    }
  }
});

test('a full batch doesn’t wait for the end of its window', async (t) => {
  const stage = await openStage(t, {
    ROOMSTREAM_LOG_WINDOW_SECONDS: '300',
    ROOMSTREAM_LOG_BATCH_RECORDS: '50',
  });
  const windowed = new Controlled('window');
  await stage.shipper({}, { windowed });
  const configuration = await stage.configuration({ s3: { bucketName: 'windowed' } });
  const room = newId();
  const said = await stage.say(room, [configuration], 120);
  await eventually(() => assert.deepEqual(windowed.of(room), said.slice(0, 100)), patience);
});

test('of a batch only the rooms that failed are delivered again, and nothing of theirs is overtaken', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_SHARDS: '1' });
  const destination = new Controlled();
  const [good, bad] = [newId(), newId()];
  let failures = 0;
  destination.answer = ({ room }) => (room === bad && failures++ < 3 ? broken : fine);
  const shipper = await stage.shipper({}, { live: destination });
  const configuration = await stage.configuration(live);
  const said = new Map<string, string[]>([good, bad].map((room) => [room, []]));
  for (let i = 0; i < 20; i++) {
    for (const room of [good, bad]) said.get(room)?.push(...(await stage.say(room, [configuration], 2)));
  }
  await eventually(() => assert.equal(destination.of(bad).length, 40), patience);
  await eventually(() => assert.equal(destination.of(good).length, 40), patience);
  for (const room of [good, bad]) assert.deepEqual(destination.of(room), said.get(room));
  const labels = { logging_configuration: configurationArn(region, account, configuration) };
  assert.equal(await metric(shipper, 'roomstream_log_destination_errors_total', labels), 3);
});

test('thousands of rooms in one batch are delivered', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_SHARDS: '1' });
  const destination = new Controlled();
  const configuration = await stage.configuration(live);
  const rooms = Array.from({ length: 3_000 }, () => newId());
  await Promise.all(rooms.map((room) => stage.say(room, [configuration])));
  await stage.shipper({}, { live: destination });
  await eventually(() => assert.equal(destination.count, rooms.length), patience);
  assert.equal(destination.seen.length, 1);
  assert.equal(destination.delivered.size, rooms.length);
});

test('an entry that is no frame is skipped and counted, and holds nothing up', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  const shipper = await stage.shipper({}, { live: destination });
  const configuration = await stage.configuration(live);
  const [room, other] = [newId(), newId()];
  const said = await stage.say(room, [configuration], 3);
  await stage.sayNonsense(room, [configuration]);
  said.push(...(await stage.say(room, [configuration], 3)));
  await stage.sayNonsense(other, [configuration]);
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
  const labels = {
    logging_configuration: configurationArn(region, account, configuration),
    reason: 'unreadable',
  };
  await eventually(
    async () => assert.equal(await metric(shipper, 'roomstream_log_records_dropped_total', labels), 2),
    patience,
  );
  await eventually(
    async () => assert.equal(await metric(shipper, 'roomstream_log_backlog_records'), 0),
    patience,
  );
});

test('records that the destination refuses for good are counted, not repeated', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  destination.answer = ({ records }) => ({ kind: 'delivered', rejected: records.length });
  const shipper = await stage.shipper({}, { live: destination });
  const room = newId();
  await stage.say(room, [await stage.configuration(live)]);
  await stage.say(room, [await stage.configuration(live)], 3);
  await eventually(
    async () =>
      assert.equal(await metric(shipper, 'roomstream_log_records_dropped_total', { reason: 'rejected' }), 4),
    patience,
  );
  assert.equal(destination.count, 4);
});

test('the records of a deleted configuration still go where they were to go; when nobody knows it they are dropped and counted', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  const configuration = await stage.configuration(live);
  const room = newId();
  const said = await stage.say(room, [configuration], 5);
  assert.equal(await stage.store.loggingConfigurations.delete(account, configuration), 'deleted');
  const shipper = await stage.shipper({}, { live: destination });
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
  // A configuration that there never was stands for one that was deleted long ago.
  const unknown = newId();
  await stage.say(room, [unknown], 7);
  const labels = { logging_configuration: configurationArn(region, account, unknown), reason: 'deleted' };
  await eventually(
    async () => assert.equal(await metric(shipper, 'roomstream_log_records_dropped_total', labels), 7),
    patience,
  );
  await eventually(
    async () => assert.equal(await metric(shipper, 'roomstream_log_backlog_records'), 0),
    patience,
  );
  assert.equal(destination.count, 5);
});

test('folders get every record of a room once, in objects of its windows', async (t) => {
  const stage = await openStage(t);
  const shipper = await stage.shipper();
  const configuration = await stage.configuration();
  const room = newId();
  const said = await stage.say(room, [configuration], 300);
  await eventually(
    () =>
      assert.deepEqual(
        objectsOf(stage.folder).flatMap(({ contents }) => contents),
        said,
      ),
    patience,
  );
  const [first] = objectsOf(stage.folder);
  assert.match(
    first?.key ?? '',
    new RegExp(`^logs/AWSLogs/${account}/IVSChatLogs/1.0/us-west-2/room_${room}/.*Z_[0-9a-f]{8}\\.log\\.gz$`),
  );
  await eventually(
    async () =>
      assert.equal(
        await metric(shipper, 'roomstream_log_records_shipped_total', { destination: 'folder' }),
        300,
      ),
    patience,
  );
});
