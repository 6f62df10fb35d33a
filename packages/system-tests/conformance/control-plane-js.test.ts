import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  AccessDeniedException,
  ConflictException,
  CreateChatTokenCommand,
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  DeleteLoggingConfigurationCommand,
  DeleteMessageCommand,
  DeleteRoomCommand,
  DisconnectUserCommand,
  GetLoggingConfigurationCommand,
  GetRoomCommand,
  InternalServerException,
  IvschatClient,
  ListLoggingConfigurationsCommand,
  ListRoomsCommand,
  ListTagsForResourceCommand,
  PendingVerification,
  paginateListLoggingConfigurations,
  paginateListRooms,
  ResourceNotFoundException,
  SendEventCommand,
  ServiceQuotaExceededException,
  TagResourceCommand,
  ThrottlingException,
  UntagResourceCommand,
  UpdateLoggingConfigurationCommand,
  UpdateRoomCommand,
  ValidationException,
} from '@aws-sdk/client-ivschat';
import { allowAll, type Fleet, startFleet } from '@roomstream/testing/fleet';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';

// The unmodified AWS SDK for JavaScript against the real control plane: all 17 operations, every error type of the
// service model, and the SDK's own paginators.

/** Accounts with quotas of their own: one error type each. */
const fewRooms = '111111111111';
const slow = '222222222222';
const pending = '333333333333';

let redis: RedisServer;
let fleet: Fleet;
let client: IvschatClient;

before(async () => {
  redis = await startRedis(durable);
  const admin = (key: string, policies: unknown) => ({
    accessKeys: [{ accessKeyId: key, secretAccessKey: 'test' }],
    policies,
  });
  const everything = allowAll.accounts['000000000000'].users.test.policies;
  const credentials = {
    accounts: {
      ...allowAll.accounts,
      [fewRooms]: { users: { test: admin('few-rooms', everything) } },
      [slow]: { users: { test: admin('slow', everything) } },
      [pending]: { users: { test: admin('pending', everything) } },
      '000000000000': {
        users: { ...allowAll.accounts['000000000000'].users, nobody: admin('nobody', []) },
      },
    },
  };
  fleet = await startFleet({ gateways: 0, controlPlanes: 0, redis, credentials });
  const accountsFile = join(fleet.folder, 'accounts.json');
  writeFileSync(
    accountsFile,
    JSON.stringify({
      accounts: {
        [fewRooms]: { quotas: { rooms: 1, loggingConfigurations: 1 } },
        [slow]: { quotas: { roomOperationPerSecond: 1, sendEventPerSecond: 1 } },
        [pending]: { isPendingVerification: true },
      },
    }),
  );
  await fleet.addControlPlane({ ROOMSTREAM_ACCOUNTS_FILE: accountsFile }).then((process) => {
    endpoint = process.url;
  });
  client = connect('test');
});

after(async () => {
  client?.destroy();
  await fleet?.stop();
  await redis?.stop();
});

let endpoint = '';

function connect(accessKeyId: string, secretAccessKey = 'test'): IvschatClient {
  return new IvschatClient({
    endpoint,
    region: 'us-west-2',
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
}

async function rejection<E extends Error>(
  call: Promise<unknown>,
  type: abstract new (...args: never[]) => E,
): Promise<E> {
  const error = await call.then(
    () => assert.fail(`expected ${type.name}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof type, `expected ${type.name}, got ${error}`);
  return error;
}

const newRoom = async (input = {}) => (await client.send(new CreateRoomCommand(input))).arn as string;

test('CreateRoom answers with every field, defaults of the service where nothing was given', async () => {
  const room = await client.send(new CreateRoomCommand({}));
  const { $metadata, ...fields } = room;
  assert.equal($metadata.httpStatusCode, 200);
  assert.match($metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
  assert.match(fields.arn ?? '', /^arn:aws:ivschat:us-west-2:000000000000:room\/[a-zA-Z0-9]{12}$/);
  assert.equal(fields.arn?.split('/')[1], fields.id);
  assert.equal(fields.maximumMessageRatePerSecond, 10);
  assert.equal(fields.maximumMessageLength, 500);
  assert.ok(fields.createTime instanceof Date);
  assert.deepEqual(fields.createTime, fields.updateTime);
  assert.ok(Math.abs(Date.now() - fields.createTime.getTime()) < 60_000);
});

test('GetRoom, UpdateRoom and DeleteRoom: only the fields present change, and the room is gone after', async () => {
  const logs = await client.send(
    new CreateLoggingConfigurationCommand({
      destinationConfiguration: { cloudWatchLogs: { logGroupName: 'chat' } },
    }),
  );
  const uri = 'arn:aws:lambda:us-west-2:000000000000:function:review';
  const identifier = await newRoom({
    name: 'all-fields',
    maximumMessageRatePerSecond: 7,
    maximumMessageLength: 70,
    messageReviewHandler: { uri, fallbackResult: 'DENY' },
    loggingConfigurationIdentifiers: [logs.arn as string],
    tags: { team: 'a' },
  });
  const read = await client.send(new GetRoomCommand({ identifier }));
  assert.equal(read.name, 'all-fields');
  assert.deepEqual(read.messageReviewHandler, { uri, fallbackResult: 'DENY' });
  assert.deepEqual(read.loggingConfigurationIdentifiers, [logs.arn]);
  assert.deepEqual(read.tags, { team: 'a' });

  const renamed = await client.send(new UpdateRoomCommand({ identifier, name: 'renamed' }));
  assert.equal(renamed.name, 'renamed');
  assert.equal(renamed.maximumMessageRatePerSecond, 7);
  assert.deepEqual(renamed.messageReviewHandler, { uri, fallbackResult: 'DENY' });
  assert.ok((renamed.updateTime as Date) > (renamed.createTime as Date));

  const bare = await client.send(
    new UpdateRoomCommand({
      identifier,
      messageReviewHandler: { uri: '' },
      loggingConfigurationIdentifiers: [],
    }),
  );
  assert.equal(bare.messageReviewHandler?.uri ?? '', '');
  assert.deepEqual(bare.loggingConfigurationIdentifiers ?? [], []);
  assert.equal(bare.maximumMessageLength, 70);

  const deleted = await client.send(new DeleteRoomCommand({ identifier }));
  assert.equal(deleted.$metadata.httpStatusCode, 204);
  await rejection(client.send(new GetRoomCommand({ identifier })), ResourceNotFoundException);
  await client.send(new DeleteLoggingConfigurationCommand({ identifier: logs.arn }));
});

test('the paginator of ListRooms yields each room once, newest update first', async () => {
  const arns: string[] = [];
  for (let i = 0; i < 7; i++) arns.push(await newRoom({ name: 'paged' }));
  await client.send(new UpdateRoomCommand({ identifier: arns[2], maximumMessageLength: 9 }));
  const listed: (string | undefined)[] = [];
  for await (const page of paginateListRooms({ client, pageSize: 3 }, { name: 'paged' })) {
    assert.ok((page.rooms?.length ?? 0) <= 3);
    listed.push(...(page.rooms ?? []).map((room) => room.arn));
  }
  const [a, b, c, ...others] = arns;
  assert.deepEqual(listed, [c, ...others.reverse(), b, a]);
});

test('ListRooms filters by handler and by logging configuration; its pages are bound to the filter', async () => {
  const uri = 'arn:aws:lambda:us-west-2:000000000000:function:only-here';
  const logs = await client.send(
    new CreateLoggingConfigurationCommand({ destinationConfiguration: { s3: { bucketName: 'chat-logs' } } }),
  );
  const reviewed = await newRoom({ name: 'r', messageReviewHandler: { uri } });
  const logged = await newRoom({ name: 'l', loggingConfigurationIdentifiers: [logs.arn as string] });
  const list = async (input: object) =>
    (await client.send(new ListRoomsCommand(input))).rooms?.map((room) => room.arn);
  assert.deepEqual(await list({ messageReviewHandlerUri: uri }), [reviewed]);
  assert.deepEqual(await list({ loggingConfigurationIdentifier: logs.arn }), [logged]);
  assert.deepEqual(await list({ loggingConfigurationIdentifier: logs.arn, name: 'r' }), []);
  const first = await client.send(new ListRoomsCommand({ maxResults: 1 }));
  assert.ok(first.nextToken);
  const other = new ListRoomsCommand({ maxResults: 1, name: 'paged', nextToken: first.nextToken });
  await rejection(client.send(other), ValidationException);
  const forged = `${first.nextToken?.slice(0, -2)}AA`;
  await rejection(
    client.send(new ListRoomsCommand({ maxResults: 1, nextToken: forged })),
    ValidationException,
  );
});

test('the four operations of logging configurations, with their paginator', async () => {
  const made: string[] = [];
  for (const destinationConfiguration of [
    { s3: { bucketName: 'chat-logs' } },
    { cloudWatchLogs: { logGroupName: '/chat/logs' } },
    { firehose: { deliveryStreamName: 'chat' } },
  ]) {
    const created = await client.send(
      new CreateLoggingConfigurationCommand({ name: 'three', destinationConfiguration, tags: { a: 'b' } }),
    );
    assert.equal(created.state, 'ACTIVE');
    assert.deepEqual(created.destinationConfiguration, destinationConfiguration);
    made.push(created.arn as string);
  }
  const [identifier] = made;
  const updated = await client.send(
    new UpdateLoggingConfigurationCommand({
      identifier,
      destinationConfiguration: { s3: { bucketName: 'other' } },
    }),
  );
  assert.equal(updated.name, 'three');
  const read = await client.send(new GetLoggingConfigurationCommand({ identifier }));
  assert.deepEqual(read.destinationConfiguration, { s3: { bucketName: 'other' } });
  assert.deepEqual(read.tags, { a: 'b' });
  const listed: (string | undefined)[] = [];
  for await (const page of paginateListLoggingConfigurations({ client, pageSize: 2 }, {})) {
    listed.push(...(page.loggingConfigurations ?? []).map((configuration) => configuration.arn));
  }
  for (const arn of made) assert.equal(listed.filter((other) => other === arn).length, 1);
  for (const arn of made) await client.send(new DeleteLoggingConfigurationCommand({ identifier: arn }));
  const after = await client.send(new ListLoggingConfigurationsCommand({}));
  assert.ok(
    after.loggingConfigurations?.every((configuration) => !made.includes(configuration.arn as string)),
  );
});

test('a token, an event, a deletion, a disconnection', async () => {
  const roomIdentifier = await newRoom();
  const token = await client.send(
    new CreateChatTokenCommand({
      roomIdentifier,
      userId: 'user-1',
      capabilities: ['SEND_MESSAGE', 'DELETE_MESSAGE', 'DISCONNECT_USER'],
      attributes: { displayName: 'Änne 👍' },
      sessionDurationInMinutes: 180,
    }),
  );
  assert.match(token.token ?? '', /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  const tokenMs = (token.tokenExpirationTime as Date).getTime() - Date.now();
  const sessionMs = (token.sessionExpirationTime as Date).getTime() - Date.now();
  assert.ok(tokenMs > 50_000 && tokenMs <= 61_000, `a token lives 1 minute, not ${tokenMs} ms`);
  assert.ok(sessionMs > 179 * 60_000 && sessionMs <= 180 * 60_000 + 1_000, `${sessionMs} ms`);
  const event = await client.send(
    new SendEventCommand({ roomIdentifier, eventName: 'e', attributes: { a: 'b' } }),
  );
  assert.match(event.id ?? '', /^[a-zA-Z0-9]{12}$/);
  const deletion = await client.send(
    new DeleteMessageCommand({ roomIdentifier, id: 'AYk6xKitV4On', reason: 'r' }),
  );
  assert.match(deletion.id ?? '', /^[a-zA-Z0-9]{12}$/);
  await client.send(new DisconnectUserCommand({ roomIdentifier, userId: 'user-1', reason: 'r' }));
});

test('tags of rooms and logging configurations', async () => {
  const logs = await client.send(
    new CreateLoggingConfigurationCommand({ destinationConfiguration: { s3: { bucketName: 'chat-logs' } } }),
  );
  for (const resourceArn of [await newRoom({ tags: { a: '1' } }), logs.arn as string]) {
    await client.send(new TagResourceCommand({ resourceArn, tags: { 'b/c d': 'ü & 100 %', a: '2' } }));
    const read = await client.send(new ListTagsForResourceCommand({ resourceArn }));
    assert.deepEqual(read.tags, { a: '2', 'b/c d': 'ü & 100 %' });
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a', 'b/c d', 'never-there'] }));
    assert.deepEqual((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags, {});
  }
});

test('ValidationException: 400, the reason, and a fieldList that names every field', async () => {
  const error = await rejection(
    client.send(new CreateRoomCommand({ name: 'not valid!', maximumMessageLength: 501 })),
    ValidationException,
  );
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.equal(error.reason, 'FIELD_VALIDATION_FAILED');
  assert.deepEqual(error.fieldList?.map((field) => field.name).sort(), ['maximumMessageLength', 'name']);
});

test('ResourceNotFoundException: 404 with the resource', async () => {
  const identifier = 'arn:aws:ivschat:us-west-2:000000000000:room/AAAAAAAAAAAA';
  const error = await rejection(client.send(new GetRoomCommand({ identifier })), ResourceNotFoundException);
  assert.deepEqual([error.$metadata.httpStatusCode, error.resourceType], [404, 'ROOM']);
  assert.ok(error.resourceId?.includes('AAAAAAAAAAAA'));
});

test('ConflictException: 409 for deleting a logging configuration that a room uses', async () => {
  const logs = await client.send(
    new CreateLoggingConfigurationCommand({ destinationConfiguration: { s3: { bucketName: 'chat-logs' } } }),
  );
  await newRoom({ loggingConfigurationIdentifiers: [logs.arn as string] });
  const error = await rejection(
    client.send(new DeleteLoggingConfigurationCommand({ identifier: logs.arn })),
    ConflictException,
  );
  assert.equal(error.$metadata.httpStatusCode, 409);
  assert.ok(error.resourceId);
  assert.ok(error.resourceType);
});

test('AccessDeniedException: 403 for a user without policies, and for an ARN of another account or region', async () => {
  const nobody = connect('nobody');
  const error = await rejection(nobody.send(new ListRoomsCommand({})), AccessDeniedException);
  assert.equal(error.$metadata.httpStatusCode, 403);
  for (const identifier of [
    'arn:aws:ivschat:us-west-2:999999999999:room/AAAAAAAAAAAA',
    'arn:aws:ivschat:eu-west-1:000000000000:room/AAAAAAAAAAAA',
  ]) {
    const refused = await client.send(new GetRoomCommand({ identifier })).catch((reason: unknown) => reason);
    assert.ok(
      refused instanceof AccessDeniedException || refused instanceof ResourceNotFoundException,
      `${refused}`,
    );
  }
  nobody.destroy();
});

test('wrong keys are refused with 403 before anything else', async () => {
  for (const [key, secret, name] of [
    ['test', 'wrong', /InvalidSignature/],
    ['unknown', 'test', /UnrecognizedClient/],
  ] as const) {
    const stranger = connect(key, secret);
    const error = await rejection(stranger.send(new ListRoomsCommand({})), Error);
    assert.match(error.name, name);
    assert.equal(
      (error as unknown as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode,
      403,
    );
    stranger.destroy();
  }
});

test('ServiceQuotaExceededException: 402 with the limit, for rooms and logging configurations', async () => {
  const account = connect('few-rooms');
  await account.send(new CreateRoomCommand({}));
  const error = await rejection(account.send(new CreateRoomCommand({})), ServiceQuotaExceededException);
  assert.deepEqual([error.$metadata.httpStatusCode, error.limit, error.resourceType], [402, 1, 'ROOM']);
  const configuration = { destinationConfiguration: { s3: { bucketName: 'chat-logs' } } };
  await account.send(new CreateLoggingConfigurationCommand(configuration));
  await rejection(
    account.send(new CreateLoggingConfigurationCommand(configuration)),
    ServiceQuotaExceededException,
  );
  account.destroy();
});

test('ThrottlingException: 429 with the limit, for one account and not for the others', async () => {
  const account = connect('slow');
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => account.send(new ListRoomsCommand({}))),
  );
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  assert.ok(refused.length >= 3 && refused.length <= 4, `${refused.length} of 5 refused`);
  for (const error of refused) {
    assert.ok(error instanceof ThrottlingException, `${error}`);
    assert.deepEqual([error.$metadata.httpStatusCode, error.limit], [429, 1]);
  }
  await client.send(new ListRoomsCommand({}));
  account.destroy();
});

test('PendingVerification: 403 for an account that is marked so', async () => {
  const account = connect('pending');
  const error = await rejection(account.send(new CreateRoomCommand({})), PendingVerification);
  assert.equal(error.$metadata.httpStatusCode, 403);
  account.destroy();
});

test('InternalServerException: 500 while Redis is away, and all is well after', async () => {
  const resourceArn = await newRoom();
  await redis.kill();
  const error = await rejection(
    client.send(new ListTagsForResourceCommand({ resourceArn })),
    InternalServerException,
  );
  assert.equal(error.$metadata.httpStatusCode, 500);
  await redis.restart();
  const patient = new IvschatClient({
    endpoint,
    region: 'us-west-2',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 10,
  });
  assert.deepEqual((await patient.send(new ListTagsForResourceCommand({ resourceArn }))).tags, {});
  patient.destroy();
});
