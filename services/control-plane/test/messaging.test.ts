import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import {
  CreateRoomCommand,
  DeleteMessageCommand,
  DeleteRoomCommand,
  DisconnectUserCommand,
  SendEventCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateRoomCommand,
} from '@aws-sdk/client-ivschat';
import { openBus } from '@roomstream/bus/bus';
import { busSettings } from '@roomstream/bus/bus-settings';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings } from '@roomstream/runtime/settings';
import { eventually } from '@roomstream/testing/eventually';
import { pino } from 'pino';
import { account, errorOf, region, startUnderTest } from './control-plane-under-test.ts';

type Seen = { readonly kind: string; readonly account: string; readonly id: string; readonly body: string };

let roomIdentifier: string;
let seen: Seen[] = [];

const plane = await startUnderTest();
const client = plane.client();
const settings = readSettings(busSettings, { REDIS_URL: plane.redis.url });
const log = pino({ level: 'silent' });
const bus = await openBus({ access: settings, shards: settings.shards, log, registry: openMetrics() });
const follower = bus.follow({
  onEntry: ({ kind, account, id, body }) => seen.push({ kind, account, id, body: body.toString() }),
  onGap: () => undefined,
});
after(async () => {
  await bus.close();
  await plane.stop();
});

beforeEach(async () => {
  const room = await client.send(new CreateRoomCommand({}));
  roomIdentifier = room.arn as string;
  await follower.join(room.id as string);
  seen = [];
});

const entries = (count: number) =>
  eventually(() => {
    assert.equal(seen.length, count);
    return seen;
  });

test('SendEvent reaches the room as an EVENT whose id it returns', async () => {
  const attributes = { score: '1', 'ключ 💬': '"' };
  const { id } = await client.send(
    new SendEventCommand({ roomIdentifier, eventName: 'goal "1"', attributes }),
  );
  const [entry] = await entries(1);
  const frame = JSON.parse(entry?.body ?? '');
  assert.deepEqual(frame, {
    Type: 'EVENT',
    Id: id,
    EventName: 'goal "1"',
    Attributes: attributes,
    SendTime: frame.SendTime,
  });
  assert.match(frame.SendTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(
    { kind: entry?.kind, account: entry?.account, id: entry?.id },
    { kind: 'frame', account, id },
  );
});

test('DeleteMessage reaches the room as aws:DELETE_MESSAGE with both spellings of the id', async () => {
  const messageId = 'ABCdef34ghIJ';
  const { id } = await client.send(
    new DeleteMessageCommand({ roomIdentifier, id: messageId, reason: 'spam' }),
  );
  const frame = JSON.parse((await entries(1))[0]?.body ?? '');
  assert.equal(frame.Id, id);
  assert.equal(frame.EventName, 'aws:DELETE_MESSAGE');
  assert.deepEqual(frame.Attributes, { MessageId: messageId, MessageID: messageId, Reason: 'spam' });
});

test('DisconnectUser tells the room, then disconnects the user, in this order', async () => {
  await client.send(new DisconnectUserCommand({ roomIdentifier, userId: 'ü💬', reason: 'rude' }));
  const [event, disconnect] = await entries(2);
  const frame = JSON.parse(event?.body ?? '');
  assert.equal(frame.EventName, 'aws:DISCONNECT_USER');
  assert.deepEqual(frame.Attributes, { UserId: 'ü💬', Reason: 'rude' });
  assert.equal(disconnect?.kind, 'disconnect');
  assert.equal(disconnect?.body, 'ü💬');
});

test('a reason that is absent is absent from the event', async () => {
  await client.send(new DisconnectUserCommand({ roomIdentifier, userId: 'u' }));
  const frame = JSON.parse((await entries(2))[0]?.body ?? '');
  assert.deepEqual(frame.Attributes, { UserId: 'u' });
});

test('updating and deleting a room tells gateways that it has changed', async () => {
  await client.send(new UpdateRoomCommand({ identifier: roomIdentifier, maximumMessageLength: 5 }));
  assert.deepEqual(
    (await entries(1)).map(({ kind }) => kind),
    ['room-changed'],
  );
  await client.send(new DeleteRoomCommand({ identifier: roomIdentifier }));
  assert.deepEqual(
    (await entries(2)).map(({ kind }) => kind),
    ['room-changed', 'room-changed'],
  );
});

test('tags of a room reach gateways, for whom one says whether the room has history', async () => {
  await client.send(new TagResourceCommand({ resourceArn: roomIdentifier, tags: { a: 'b' } }));
  await client.send(new UntagResourceCommand({ resourceArn: roomIdentifier, tagKeys: ['a'] }));
  assert.deepEqual(
    (await entries(2)).map(({ kind }) => kind),
    ['room-changed', 'room-changed'],
  );
});

test('nothing is sent to a room that does not exist', async () => {
  const missing = `arn:aws:ivschat:${region}:${account}:room/ABCdef34ghIJ`;
  for (const command of [
    new SendEventCommand({ roomIdentifier: missing, eventName: 'e' }),
    new DeleteMessageCommand({ roomIdentifier: missing, id: 'ABCdef34ghIJ' }),
    new DisconnectUserCommand({ roomIdentifier: missing, userId: 'u' }),
  ]) {
    const error = await errorOf(client.send(command as SendEventCommand));
    assert.equal(error.name, 'ResourceNotFoundException');
    assert.equal(error['resourceType'], 'ROOM');
  }
});
