import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  type CreateRoomCommandInput,
  DeleteRoomCommand,
  GetRoomCommand,
  ListRoomsCommand,
  paginateListRooms,
  UpdateRoomCommand,
} from '@aws-sdk/client-ivschat';
import { account, errorOf, otherAccount, region, startUnderTest } from './control-plane-under-test.ts';

const plane = await startUnderTest();
const client = plane.client();
after(() => plane.stop());

const uri = `arn:aws:lambda:${region}:${account}:function:review`;

async function create(input: CreateRoomCommandInput = {}): Promise<string> {
  return (await client.send(new CreateRoomCommand(input))).arn as string;
}

async function configuration(): Promise<string> {
  const destinationConfiguration = { s3: { bucketName: 'bucket' } };
  const made = await client.send(new CreateLoggingConfigurationCommand({ destinationConfiguration }));
  return made.arn as string;
}

async function listed(filter: object): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListRooms({ client, pageSize: 2 }, filter)) {
    for (const room of page.rooms ?? []) arns.push(room.arn as string);
  }
  return arns;
}

test('a room without fields has the defaults of the model', async () => {
  const { $metadata, ...room } = await client.send(new CreateRoomCommand({}));
  assert.equal($metadata.httpStatusCode, 200);
  assert.match(room.id ?? '', /^[a-zA-Z0-9]{12}$/);
  assert.ok(room.createTime instanceof Date);
  assert.deepEqual(room, {
    arn: `arn:aws:ivschat:${region}:${account}:room/${room.id}`,
    id: room.id,
    name: '',
    createTime: room.createTime,
    updateTime: room.createTime,
    maximumMessageRatePerSecond: 10,
    maximumMessageLength: 500,
    tags: {},
    loggingConfigurationIdentifiers: [],
  });
});

test('GetRoom returns every field that CreateRoom was given', async () => {
  const input = {
    name: 'my_room-1',
    maximumMessageRatePerSecond: 100,
    maximumMessageLength: 1,
    messageReviewHandler: { uri, fallbackResult: 'DENY' as const },
    tags: { topic: 'nature', 'é ': '' },
    loggingConfigurationIdentifiers: [await configuration(), await configuration()],
  };
  const { $metadata: _, ...room } = await client.send(new CreateRoomCommand(input));
  const { $metadata: __, ...got } = await client.send(new GetRoomCommand({ identifier: room.arn }));
  assert.deepEqual(got, room);
  assert.deepEqual({ ...got, ...input }, got);
});

test('the fallback result of a handler is ALLOW by default', async () => {
  const room = await client.send(new CreateRoomCommand({ messageReviewHandler: { uri } }));
  assert.deepEqual(room.messageReviewHandler, { uri, fallbackResult: 'ALLOW' });
});

test('a handler must be a function of the same account and region', async () => {
  for (const foreign of [uri.replace(account, otherAccount), uri.replace(region, 'eu-west-1')]) {
    const error = await errorOf(create({ messageReviewHandler: { uri: foreign } }));
    assert.equal(error.name, 'ValidationException');
    assert.deepEqual((error['fieldList'] as { name: string }[])[0]?.name, 'messageReviewHandler.uri');
  }
});

test('UpdateRoom changes only the fields present and moves updateTime', async () => {
  const loggingConfigurationIdentifiers = [await configuration()];
  const made = await client.send(
    new CreateRoomCommand({
      name: 'a',
      maximumMessageLength: 7,
      messageReviewHandler: { uri, fallbackResult: 'DENY' },
      tags: { a: 'b' },
      loggingConfigurationIdentifiers,
    }),
  );
  const { $metadata: _, ...updated } = await client.send(
    new UpdateRoomCommand({ identifier: made.arn, maximumMessageRatePerSecond: 1 }),
  );
  const { $metadata: __, ...before } = made;
  assert.deepEqual(updated, { ...before, maximumMessageRatePerSecond: 1, updateTime: updated.updateTime });
  assert.ok((updated.updateTime as Date) >= (made.updateTime as Date));
});

test('UpdateRoom with an empty uri removes the handler, with another one keeps the fallback result', async () => {
  const identifier = await create({ messageReviewHandler: { uri, fallbackResult: 'DENY' } });
  const other = `${uri}:1`;
  const changed = await client.send(
    new UpdateRoomCommand({ identifier, messageReviewHandler: { uri: other } }),
  );
  assert.deepEqual(changed.messageReviewHandler, { uri: other, fallbackResult: 'DENY' });
  const removed = await client.send(new UpdateRoomCommand({ identifier, messageReviewHandler: { uri: '' } }));
  assert.equal(removed.messageReviewHandler, undefined);
});

test('UpdateRoom with an empty list detaches all logging configurations', async () => {
  const identifier = await create({ loggingConfigurationIdentifiers: [await configuration()] });
  const room = await client.send(new UpdateRoomCommand({ identifier, loggingConfigurationIdentifiers: [] }));
  assert.deepEqual(room.loggingConfigurationIdentifiers, []);
});

test('a room has at most three logging configurations, by CreateRoom and by UpdateRoom', async () => {
  const four = await Promise.all(Array.from({ length: 4 }, () => configuration()));
  const three = four.slice(0, 3);
  const identifier = await create({ loggingConfigurationIdentifiers: three });
  const { loggingConfigurationIdentifiers } = await client.send(new GetRoomCommand({ identifier }));
  assert.deepEqual(loggingConfigurationIdentifiers, three);
  for (const call of [
    () => create({ loggingConfigurationIdentifiers: four }),
    () => client.send(new UpdateRoomCommand({ identifier, loggingConfigurationIdentifiers: four })),
  ]) {
    const error = await errorOf(call());
    assert.equal(error.name, 'ValidationException');
    assert.match(error.message, /loggingConfigurationIdentifiers/);
  }
});

test('a logging configuration that does not exist cannot be attached', async () => {
  const missing = `arn:aws:ivschat:${region}:${account}:logging-configuration/ABCdef34ghIJ`;
  const identifier = await create();
  for (const call of [
    () => create({ loggingConfigurationIdentifiers: [missing] }),
    () => client.send(new UpdateRoomCommand({ identifier, loggingConfigurationIdentifiers: [missing] })),
    () => client.send(new ListRoomsCommand({ loggingConfigurationIdentifier: missing })),
  ]) {
    const error = await errorOf(call());
    assert.equal(error.name, 'ResourceNotFoundException');
    assert.equal(error['resourceId'], 'ABCdef34ghIJ');
    assert.equal(error['resourceType'], 'LOGGING_CONFIGURATION');
  }
});

test('DeleteRoom answers 204, and the room is gone', async () => {
  const identifier = await create();
  const deleted = await client.send(new DeleteRoomCommand({ identifier }));
  assert.equal(deleted.$metadata.httpStatusCode, 204);
  for (const command of [
    new GetRoomCommand({ identifier }),
    new DeleteRoomCommand({ identifier }),
    new UpdateRoomCommand({ identifier }),
  ]) {
    const error = await errorOf(client.send(command as GetRoomCommand));
    assert.equal(error.name, 'ResourceNotFoundException');
    assert.equal(error['resourceType'], 'ROOM');
    assert.equal(error['resourceId'], identifier.split('/')[1]);
  }
});

test('ListRooms shows summaries, newest update first, over any number of pages', async () => {
  const name = 'listed';
  const arns: string[] = [];
  for (let i = 0; i < 5; i++) arns.push(await create({ name, tags: { i: `${i}` } }));
  await client.send(new UpdateRoomCommand({ identifier: arns[1], maximumMessageLength: 9 }));
  const expected = [1, 4, 3, 2, 0].map((i) => arns[i]);
  assert.deepEqual(await listed({ name }), expected);
  const { rooms = [] } = await client.send(new ListRoomsCommand({ name, maxResults: 1 }));
  assert.deepEqual(Object.keys(rooms[0] ?? {}).sort(), [
    'arn',
    'createTime',
    'id',
    'loggingConfigurationIdentifiers',
    'name',
    'tags',
    'updateTime',
  ]);
  assert.deepEqual(rooms[0]?.tags, { i: '1' });
});

test('rooms that are not updated meanwhile are neither skipped nor repeated', async () => {
  const name = 'moving';
  const arns: string[] = [];
  for (let i = 0; i < 6; i++) arns.push(await create({ name }));
  const seen: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(new ListRoomsCommand({ name, maxResults: 2, nextToken }));
    for (const room of page.rooms ?? []) seen.push(room.arn as string);
    nextToken = page.nextToken;
    // The room at the page's end moves to the front, and a new one appears there.
    await client.send(new UpdateRoomCommand({ identifier: seen.at(-1), maximumMessageLength: 3 }));
    await create({ name });
  } while (nextToken !== undefined);
  assert.deepEqual(seen, arns.toReversed());
});

test('ListRooms filters by name, handler and logging configuration, all at once', async () => {
  const logging = await configuration();
  const handler = { uri: `${uri}-filter` };
  const all = await create({
    name: 'f',
    messageReviewHandler: handler,
    loggingConfigurationIdentifiers: [logging],
  });
  const named = await create({ name: 'f' });
  const handled = await create({ messageReviewHandler: handler });
  assert.deepEqual(await listed({ name: 'f' }), [named, all]);
  assert.deepEqual(await listed({ messageReviewHandlerUri: handler.uri }), [handled, all]);
  assert.deepEqual(await listed({ loggingConfigurationIdentifier: logging }), [all]);
  assert.deepEqual(await listed({ name: 'f', messageReviewHandlerUri: handler.uri }), [all]);
  assert.deepEqual(await listed({ name: 'nobody' }), []);
});

test('a nextToken that was altered, or is used with other filters, is a ValidationException', async () => {
  await create({ name: 'paged' });
  await create({ name: 'paged' });
  const { nextToken = '' } = await client.send(new ListRoomsCommand({ name: 'paged', maxResults: 1 }));
  const altered = `${nextToken.slice(0, -1)}${nextToken.endsWith('A') ? 'B' : 'A'}`;
  for (const input of [
    { name: 'paged', nextToken: altered },
    { name: 'other', nextToken },
    { nextToken },
    { name: 'paged', nextToken: 'x' },
  ]) {
    const error = await errorOf(client.send(new ListRoomsCommand(input)));
    assert.equal(error.name, 'ValidationException');
    assert.equal(error['reason'], 'FIELD_VALIDATION_FAILED');
    assert.equal((error['fieldList'] as { name: string }[])[0]?.name, 'nextToken');
  }
});

test('a page has 50 rooms when the request does not say', async () => {
  await Promise.all(Array.from({ length: 51 }, () => create({ name: 'many' })));
  const page = await client.send(new ListRoomsCommand({ name: 'many' }));
  assert.equal(page.rooms?.length, 50);
  assert.equal((await listed({ name: 'many' })).length, 51);
});
