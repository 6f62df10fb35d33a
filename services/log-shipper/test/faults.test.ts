import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { sleep } from '@roomstream/runtime/backoff';
import { eventually } from '@roomstream/testing/eventually';
import { configurationArn } from '../src/metrics.ts';
import { account, broken, Controlled, fine, hang, metric, openStage, region } from './stage.ts';

const bucket = (bucketName: string) => ({ s3: { bucketName } });
const patience = 40_000;
const small = {
  ROOMSTREAM_LOG_BUFFER_RECORDS: '400',
  ROOMSTREAM_LOG_BATCH_RECORDS: '100',
  ROOMSTREAM_LOG_BUFFER_BYTES: `${1024 * 1024}`,
  ROOMSTREAM_LOG_BATCH_BYTES: `${128 * 1024}`,
};

test('a hanging configuration with a long backlog delays no other one, and the buffer never exceeds its bounds', async (t) => {
  const stage = await openStage(t, { ...small, ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS: '3' });
  const [stuck, lively] = [new Controlled(), new Controlled()];
  stuck.answer = hang;
  const [hanging, working] = [
    await stage.configuration(bucket('stuck')),
    await stage.configuration(bucket('lively')),
  ];
  const rooms = Array.from({ length: 16 }, () => newId());
  for (const room of rooms) await stage.say(room, [hanging], 250);
  const shipper = await stage.shipper({}, { stuck, lively });
  await eventually(() => assert.ok(stuck.underWay > 0), patience);
  const fullest = { records: 0, bytes: 0 };
  let said = 0;
  for (let i = 0; i < 60; i++) {
    for (const room of rooms) said += (await stage.say(room, [hanging, working])).length;
    const records = await metric(shipper, 'roomstream_log_buffer_records');
    const bytes = await metric(shipper, 'roomstream_log_buffer_bytes');
    fullest.records = Math.max(fullest.records, records);
    fullest.bytes = Math.max(fullest.bytes, bytes);
    await sleep(50);
  }
  await eventually(() => assert.equal(lively.count, said), patience);
  const delays = lively.seen.flatMap(({ times, atMs }) =>
    times.map((ms) => atMs - ms + stage.bus.clock.nowMs() - performance.now()),
  );
  const slowest = Math.max(...delays);
  const mean = delays.reduce((sum, ms) => sum + ms, 0) / delays.length;
  t.diagnostic(`beside a hanging one: ${mean.toFixed(0)} ms on average, ${slowest.toFixed(0)} ms at most`);
  t.diagnostic(`buffer: ${fullest.records} records, ${fullest.bytes} bytes at most`);
  assert.ok(slowest < 5_000, `${slowest} ms`);
  assert.ok(fullest.records > 0 && fullest.records <= 400, `${fullest.records}`);
  assert.ok(fullest.bytes > 0 && fullest.bytes <= 1024 * 1024, `${fullest.bytes}`);
  assert.equal(stuck.count, 0);
  const labels = { logging_configuration: configurationArn(region, account, hanging) };
  assert.equal(await metric(shipper, 'roomstream_log_destination_failing', labels), 1);
  assert.deepEqual(shipper.notReady(), [], 'a restart wouldn’t mend a destination');
});

test('while a destination fails one batch at a time is tried, and afterwards everything arrives in order', async (t) => {
  const stage = await openStage(t);
  const destination = new Controlled();
  let isBroken = true;
  let mostProbes = 0;
  destination.answer = async () => {
    if (!isBroken) return fine;
    // All that began before the first failure have ended when the first probe begins, a second later.
    if (destination.seen.length > 8) mostProbes = Math.max(mostProbes, destination.underWay);
    await sleep(5);
    return broken;
  };
  const configuration = await stage.configuration(bucket('b'));
  const rooms = Array.from({ length: 40 }, () => newId());
  const said = new Map<string, string[]>();
  for (const room of rooms) said.set(room, await stage.say(room, [configuration], 10));
  const shipper = await stage.shipper({}, { b: destination });
  await eventually(() => assert.ok(destination.seen.length > 11), patience);
  assert.equal(mostProbes, 1);
  const labels = { logging_configuration: configurationArn(region, account, configuration) };
  assert.ok((await metric(shipper, 'roomstream_log_destination_errors_total', labels)) > 3);
  isBroken = false;
  await eventually(() => assert.equal(destination.count, 400), patience);
  for (const room of rooms) assert.deepEqual(destination.of(room), said.get(room));
  await eventually(async () => assert.equal(await metric(shipper, 'roomstream_log_destination_failing'), 0));
});

test('failures are counted by what the guide’s metrics tell: all, access denied, not found', async (t) => {
  const stage = await openStage(t);
  const reasons = ['access-denied', 'not-found', 'throttled'] as const;
  const destinations = reasons.map((reason) => {
    const destination = new Controlled();
    let tries = 0;
    destination.answer = () => (tries++ === 0 ? { kind: 'failed', reason, err: new Error(reason) } : fine);
    return [reason, destination] as const;
  });
  const shipper = await stage.shipper({}, Object.fromEntries(destinations));
  const counted = ['errors', 'access_denied_errors', 'resource_not_found_errors'];
  for (const [reason, destination] of destinations) {
    const configuration = await stage.configuration(bucket(reason));
    await stage.say(newId(), [configuration]);
    await eventually(() => assert.equal(destination.count, 1), patience);
    const labels = { logging_configuration: configurationArn(region, account, configuration) };
    const values = await Promise.all(
      counted.map((what) => metric(shipper, `roomstream_log_destination_${what}_total`, labels)),
    );
    assert.deepEqual(values, [1, reason === 'access-denied' ? 1 : 0, reason === 'not-found' ? 1 : 0]);
  }
});

test('a room of which a destination takes only a part at each try gets on, in order and without doubles', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_SHARDS: '1' });
  const destination = new Controlled();
  const room = newId();
  const got: string[] = [];
  destination.answer = ({ records }) => {
    const contents = destination.seen.at(-1)?.rooms.get(room) ?? [];
    got.push(...contents.slice(0, 10));
    const last = records[9];
    if (last === undefined || records.length === 10) return fine;
    return { ...broken, taken: { through: last.entryId, rejected: 1 } };
  };
  const configuration = await stage.configuration(bucket('b'));
  const said = await stage.say(room, [configuration], 35);
  const shipper = await stage.shipper({}, { b: destination });
  await eventually(() => assert.deepEqual(got, said), patience);
  await eventually(
    async () =>
      assert.equal(await metric(shipper, 'roomstream_log_records_dropped_total', { reason: 'rejected' }), 3),
    patience,
  );
  assert.equal(await metric(shipper, 'roomstream_log_records_shipped_total'), 32);
});

for (const [how, answer] of [
  ['fails', () => broken],
  ['hangs', hang],
] as const) {
  test(`another destination takes effect within two seconds while the old one ${how}`, async (t) => {
    const stage = await openStage(t, { ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS: '600' });
    const [old, moved] = [new Controlled(), new Controlled()];
    old.answer = answer;
    const configuration = await stage.configuration(bucket('old'));
    const room = newId();
    const said = await stage.say(room, [configuration], 10);
    await stage.shipper({}, { old, moved });
    // After three failures the next try is 4 to 8 s away.
    await eventually(() => assert.ok(old.seen.length >= (how === 'fails' ? 4 : 1)), patience);
    const destination = bucket('moved');
    const change = <T extends object>(record: T) => ({ ...record, destination });
    await stage.store.loggingConfigurations.update(account, configuration, change);
    const changedMs = performance.now();
    await eventually(() => assert.deepEqual(moved.of(room), said), patience);
    const tookMs = (moved.seen[0]?.atMs ?? 0) - changedMs;
    t.diagnostic(`${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs < 3_500, `${tookMs} ms`);
  });
}

test('a destination that doesn’t end when told to, or throws, holds up nobody for ever', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS: '1', ROOMSTREAM_SHARDS: '1' });
  const destination = new Controlled();
  let tries = 0;
  destination.answer = () => {
    tries++;
    if (tries === 1) return new Promise(() => undefined);
    if (tries === 2) throw new Error('a fault of the destination');
    return fine;
  };
  await stage.shipper({}, { b: destination });
  const room = newId();
  const said = await stage.say(room, [await stage.configuration(bucket('b'))], 3);
  await eventually(() => assert.deepEqual(destination.of(room), said), patience);
  assert.equal(tries, 3);
});

test('what a full queue drops is counted, and what is left goes on in order once the destination works', async (t) => {
  const stage = await openStage(t, { ROOMSTREAM_LOG_BACKLOG_RECORDS: '50', ROOMSTREAM_SHARDS: '1' });
  const destination = new Controlled();
  let isBroken = true;
  destination.answer = () => (isBroken ? broken : fine);
  const shipper = await stage.shipper({}, { b: destination });
  const configuration = await stage.configuration(bucket('b'));
  const room = newId();
  const said = await stage.say(room, [configuration], 20);
  await eventually(() => assert.ok(destination.seen.length > 0), patience);
  said.push(...(await stage.say(room, [configuration], 150)));
  const labels = { logging_configuration: configurationArn(region, account, configuration) };
  await eventually(async () => {
    const dropped = await metric(shipper, 'roomstream_log_records_dropped_total', {
      ...labels,
      reason: 'backlog',
    });
    assert.equal(dropped, 120);
    assert.equal(await metric(shipper, 'roomstream_log_backlog_full_ratio', labels), 1);
  }, patience);
  isBroken = false;
  await eventually(() => assert.deepEqual(destination.of(room), said.slice(-50)), patience);
});
