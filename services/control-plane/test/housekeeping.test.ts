import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateRoomCommand,
  GetRoomCommand,
  ListRoomsCommand,
  SendEventCommand,
} from '@aws-sdk/client-ivschat';
import { type Bus, openBus } from '@roomstream/bus/bus';
import { busSettings } from '@roomstream/bus/bus-settings';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings } from '@roomstream/runtime/settings';
import { activityKey } from '@roomstream/store/keys';
import { eventually } from '@roomstream/testing/eventually';
import { pino } from 'pino';
import { monthsBefore, startTrimmer } from '../src/housekeeping.ts';
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
  const trimmer = startTrimmer(bus, 0, log);
  await eventually(async () => (await bus.commands.xlen(stream)) === 0, 30_000);
  await trimmer.stop();
});
