import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateChatTokenCommand,
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  GetLoggingConfigurationCommand,
  GetRoomCommand,
  ListRoomsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateRoomCommand,
} from '@aws-sdk/client-ivschat';
import { operations } from '../src/model/operations.ts';
import {
  account,
  allow,
  type ControlPlaneUnderTest,
  errorOf,
  otherAccount,
  region,
  startUnderTest,
} from './control-plane-under-test.ts';
import { rawRequest } from './raw-request.ts';

const users = {
  nothing: { account, policies: [] },
  stranger: { account: otherAccount, policies: [allow('*')] },
  reader: { account, policies: [allow(['ivschat:Get*', 'ivschat:List*'])] },
  roomsOnly: { account, policies: [allow('ivschat:*', `arn:aws:ivschat:${region}:${account}:room/*`)] },
  blue: {
    account,
    policies: [allow('ivschat:*', '*', { StringEquals: { 'aws:ResourceTag/team': 'blue' } })],
  },
  creator: {
    account,
    policies: [
      allow('ivschat:CreateRoom', '*', {
        StringEquals: { 'aws:RequestTag/team': 'blue' },
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] },
      }),
    ],
  },
  untagger: {
    account,
    policies: [
      allow('ivschat:UntagResource', '*', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['free'] } }),
    ],
  },
};

let plane: ControlPlaneUnderTest;
let blueRoom: string;
let redRoom: string;
let logging: string;

before(async () => {
  plane = await startUnderTest({ users });
  const client = plane.client();
  blueRoom = (await client.send(new CreateRoomCommand({ tags: { team: 'blue' } }))).arn as string;
  redRoom = (await client.send(new CreateRoomCommand({ tags: { team: 'red', free: '' } }))).arn as string;
  const destinationConfiguration = { s3: { bucketName: 'bucket' } };
  logging = (await client.send(new CreateLoggingConfigurationCommand({ destinationConfiguration })))
    .arn as string;
});
after(() => plane.stop());

const missing = `arn:aws:ivschat:${region}:${account}:room/ABCdef34ghIJ`;

/** A request that passes validation, for each operation, about `room` and `configuration`. */
function inputOf(name: string, room: string, configuration: string): object {
  if (name.endsWith('LoggingConfiguration')) {
    const destinationConfiguration = { s3: { bucketName: 'bucket' } };
    return name.startsWith('Create') ? { destinationConfiguration } : { identifier: configuration };
  }
  const identified = { identifier: room, roomIdentifier: room };
  return { ...identified, userId: 'u', id: 'ABCdef34ghIJ', eventName: 'e', tags: {} };
}

for (const [name, { method, path }] of Object.entries(operations)) {
  const send = (user: string, room: string, configuration: string) => {
    const query = name === 'UntagResource' ? '?tagKeys=a' : '';
    return rawRequest(plane.url, {
      method,
      path: path.replace('{resourceArn}', encodeURIComponent(room)) + query,
      body: method === 'POST' ? JSON.stringify(inputOf(name, room, configuration)) : '',
      user,
    });
  };

  test(`${name} is denied to a user without policies, whether the resource exists or not`, async () => {
    for (const room of [blueRoom, missing]) {
      const configuration = room === missing ? missing.replace('room', 'logging-configuration') : logging;
      const answer = await send('nothing', room, configuration);
      assert.equal(answer.status, 403, answer.body);
      assert.equal(answer.headers['x-amzn-errortype'], 'AccessDeniedException');
      const text = `arn:aws:iam::${account}:user/nothing is not authorized to perform: ivschat:${name} on resource: `;
      assert.ok(JSON.parse(answer.body).message.includes(text), answer.body);
    }
  });

  if (/^(CreateRoom|CreateLoggingConfiguration|List.*s)$/.test(name)) continue;
  test(`${name} never touches a resource of another account or region`, async () => {
    const answer = await send('stranger', blueRoom, logging);
    assert.equal(answer.headers['x-amzn-errortype'], 'AccessDeniedException', answer.body);
    const elsewhere = await send(
      'test',
      blueRoom.replace(region, 'eu-west-1'),
      logging.replace(region, 'eu-west-1'),
    );
    assert.equal(elsewhere.headers['x-amzn-errortype'], 'AccessDeniedException', elsewhere.body);
  });
}

test('an account sees nothing of another one in its lists', async () => {
  const { rooms } = await plane.client('stranger').send(new ListRoomsCommand({}));
  assert.deepEqual(rooms, []);
});

test('a logging configuration of another account can be neither attached nor used as a filter', async () => {
  const stranger = plane.client('stranger');
  for (const command of [
    new CreateRoomCommand({ loggingConfigurationIdentifiers: [logging] }),
    new ListRoomsCommand({ loggingConfigurationIdentifier: logging }),
  ]) {
    const error = await errorOf(stranger.send(command as CreateRoomCommand));
    assert.equal(error.name, 'AccessDeniedException');
  }
});

test('a page token of one account is worthless in another', async () => {
  const { nextToken } = await plane.client().send(new ListRoomsCommand({ maxResults: 1 }));
  assert.ok(nextToken);
  const error = await errorOf(plane.client('stranger').send(new ListRoomsCommand({ nextToken })));
  assert.equal(error.name, 'ValidationException');
});

test('actions are granted by wildcard, others stay denied', async () => {
  const reader = plane.client('reader');
  await reader.send(new GetRoomCommand({ identifier: blueRoom }));
  await reader.send(new ListRoomsCommand({}));
  const error = await errorOf(reader.send(new UpdateRoomCommand({ identifier: blueRoom })));
  assert.equal(error.name, 'AccessDeniedException');
});

test('creating and listing act on all resources of their kind', async () => {
  const client = plane.client('roomsOnly');
  await client.send(new CreateRoomCommand({}));
  await client.send(new ListRoomsCommand({}));
  const error = await errorOf(client.send(new GetLoggingConfigurationCommand({ identifier: logging })));
  assert.equal(error.name, 'AccessDeniedException');
});

test('aws:ResourceTag decides by the tags that the resource has', async () => {
  const blue = plane.client('blue');
  await blue.send(new CreateChatTokenCommand({ roomIdentifier: blueRoom, userId: 'u' }));
  await blue.send(new ListTagsForResourceCommand({ resourceArn: blueRoom }));
  for (const identifier of [redRoom, missing]) {
    const error = await errorOf(blue.send(new GetRoomCommand({ identifier })));
    assert.equal(error.name, 'AccessDeniedException');
  }
});

test('aws:RequestTag and aws:TagKeys decide by the tags of the request', async () => {
  const creator = plane.client('creator');
  await creator.send(new CreateRoomCommand({ tags: { team: 'blue' } }));
  for (const tags of [{ team: 'red' }, { team: 'blue', more: '' }, {}, undefined]) {
    const error = await errorOf(creator.send(new CreateRoomCommand({ tags })));
    assert.equal(error.name, 'AccessDeniedException');
  }
});

test('aws:TagKeys decides which tags may be removed', async () => {
  const untagger = plane.client('untagger');
  await untagger.send(new UntagResourceCommand({ resourceArn: redRoom, tagKeys: ['free'] }));
  for (const tagKeys of [['team'], ['free', 'team']]) {
    const error = await errorOf(untagger.send(new UntagResourceCommand({ resourceArn: redRoom, tagKeys })));
    assert.equal(error.name, 'AccessDeniedException');
  }
  const error = await errorOf(untagger.send(new TagResourceCommand({ resourceArn: redRoom, tags: {} })));
  assert.equal(error.name, 'AccessDeniedException');
});

test('the audit names who, what, which resource and the outcome, and no tokens or contents', async () => {
  const client = plane.client();
  const attributes = { secretKey: 'secretValue' };
  const made = await client.send(
    new CreateChatTokenCommand({ roomIdentifier: blueRoom, userId: 'secretUser', attributes }),
  );
  const { requestId } = made.$metadata;
  const line = plane.logged.find((each) => each['requestId'] === requestId);
  assert.ok(line !== undefined);
  const { operation, user, accessKeyId, resource, outcome, status, durationMs, peer } = line;
  assert.deepEqual(
    { operation, account: line['account'], user, accessKeyId, resource, outcome, status, peer },
    {
      operation: 'CreateChatToken',
      account,
      user: 'test',
      accessKeyId: 'test',
      resource: blueRoom,
      outcome: 'ok',
      status: 200,
      peer: '127.0.0.1',
    },
  );
  assert.equal(typeof durationMs, 'number');
  const denied = await errorOf(plane.client('nothing').send(new GetRoomCommand({ identifier: redRoom })));
  const id = (denied['$metadata'] as { requestId: string }).requestId;
  const deniedLine = plane.logged.find((each) => each['requestId'] === id);
  assert.equal(deniedLine?.['outcome'], 'AccessDeniedException');
  assert.equal(deniedLine?.['user'], 'nothing');
  const all = JSON.stringify(plane.logged);
  for (const secret of ['secretKey', 'secretValue', 'secretUser', made.token as string]) {
    assert.ok(!all.includes(secret), secret);
  }
});
