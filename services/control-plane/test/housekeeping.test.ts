import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  GetRoomCommand,
  ListRoomsCommand,
  SendEventCommand,
} from '@aws-sdk/client-ivschat';
import { type Bus, openBus } from '@roomstream/bus/bus';
import { busSettings } from '@roomstream/bus/bus-settings';
import { openMetrics } from '@roomstream/runtime/metrics';
import { connectRedis } from '@roomstream/runtime/redis';
import { readSettings } from '@roomstream/runtime/settings';
import { activityKey } from '@roomstream/store/keys';
import { eventually } from '@roomstream/testing/eventually';
import { metric } from '@roomstream/testing/metric';
import { pino } from 'pino';
import { monthsBefore, startTrimmer } from '../src/housekeeping.ts';
import { openControlPlaneMetrics } from '../src/metrics.ts';
import { startStreamWatch } from '../src/watch-streams.ts';
import { account, type ControlPlaneUnderTest, errorOf, startUnderTest } from './control-plane-under-test.ts';

let plane: ControlPlaneUnderTest;
let bus: Bus;
const log = pino({ level: 'silent' });
const dayMs = 86_400_000;

before(async () => {
  plane = await startUnderTest();
  const settings = readSettings(busSettings, { REDIS_URL: plane.redis.url });
  bus = await openBus({ access: settings, shards: settings.shards, log, registry: openMetrics() });
});
after(async () => {
  await bus.close();
  await plane.stop();
});

test('rooms unused for 24 months are removed and announced, younger ones stay', async () => {
  const client = plane.client();
  const old = await client.send(new CreateRoomCommand({ name: 'old' }));
  const young = await client.send(new CreateRoomCommand({ name: 'young' }));
  const limitMs = monthsBefore(Date.now(), 24);
  const activity = activityKey(account, 'room');
  await bus.commands.zadd(activity, limitMs - dayMs, old.id as string, limitMs + dayMs, young.id as string);
  const announced: string[] = [];
  const follower = bus.follow({
    onEntry: ({ kind, room }) => announced.push(`${kind} ${room}`),
    onGap: () => undefined,
  });
  await follower.join(old.id as string);

  const sweeping = await startUnderTest({ redis: plane.redis });
  try {
    await eventually(() => announced.length > 0);
    assert.deepEqual(announced, [`room-changed ${old.id}`]);
    const error = await errorOf(client.send(new GetRoomCommand({ identifier: old.arn })));
    assert.equal(error.name, 'ResourceNotFoundException');
    const { rooms = [] } = await client.send(new ListRoomsCommand({}));
    assert.deepEqual(
      rooms.map(({ id }) => id),
      [young.id],
    );
  } finally {
    await sweeping.stop();
  }
});

test('entries older than the retention leave the streams', async () => {
  const client = plane.client();
  const { arn, id } = await client.send(new CreateRoomCommand({}));
  await client.send(new SendEventCommand({ roomIdentifier: arn, eventName: 'e' }));
  const stream = bus.keyOfRoom(id as string, 'room');
  assert.equal(await bus.commands.xlen(stream), 1);
  const registry = openMetrics();
  const trimmer = startTrimmer(bus, openControlPlaneMetrics(registry), 0, log);
  await eventually(async () => (await bus.commands.xlen(stream)) === 0, 30_000);
  await trimmer.stop();
  assert.ok((await metric({ registry }, 'roomstream_stream_trimmed_entries_total')) >= 1);
});

test('metrics tell what the streams hold, whether or not anybody works on them, and how full Redis is', async () => {
  const client = plane.client();
  const logs = await client.send(
    new CreateLoggingConfigurationCommand({
      destinationConfiguration: { s3: { bucketName: 'nobody-ships' } },
    }),
  );
  const room = await client.send(
    new CreateRoomCommand({ loggingConfigurationIdentifiers: [logs.arn as string] }),
  );
  const id = room.id as string;
  await client.send(new SendEventCommand({ roomIdentifier: room.arn, eventName: 'e' }));
  await bus.commands.xadd(bus.keyOfRoom(id, 'review'), '1000-0', 'r', 'waits');
  await bus.commands.config('SET', 'maxmemory', '1gb');
  const registry = openMetrics();
  const records = connectRedis(readSettings(busSettings, { REDIS_URL: plane.redis.url }), 'records', log);
  await eventually(() => records.status === 'ready');
  const watch = startStreamWatch(bus, records, openControlPlaneMetrics(registry), log);
  const figure = (name: string, labels: Record<string, string>) =>
    metric({ registry }, `roomstream_${name}`, labels);
  await eventually(async () => (await figure('redis_memory_limit_bytes', { redis: 'records' })) === 2 ** 30);
  for (const stream of ['room', 'review', 'log']) {
    assert.ok((await figure('stream_entries', { stream })) >= 1, stream);
    assert.ok((await figure('stream_bytes', { stream })) > 100, stream);
  }
  assert.ok((await figure('stream_oldest_seconds', { stream: 'review' })) > 1e9);
  assert.ok((await figure('stream_oldest_seconds', { stream: 'log' })) < 60);
  assert.equal(await figure('redis_memory_limit_bytes', { redis: 'bus' }), 2 ** 30);
  assert.ok((await figure('redis_memory_used_bytes', { redis: 'bus' })) > 100_000);
  await watch.stop();
  records.disconnect();
});
