import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-ivschat';
import { startRedis } from '@roomstream/testing/redis-server';
import {
  account,
  allow,
  type ControlPlaneUnderTest,
  otherAccount,
  region,
  startUnderTest,
} from './control-plane-under-test.ts';
import { type RawAnswer, rawRequest } from './raw-request.ts';
import { newestFirst, RoomHistory } from './room-history.ts';

const rooms = `arn:aws:ivschat:${region}:${account}:room/`;
const users = {
  nothing: { account, policies: [] },
  withoutAction: { account, policies: [allow(['ivschat:Get*', 'ivschat:ListRooms', 'ivschat:Create*'])] },
  otherRooms: { account, policies: [allow('ivschat:*', `${rooms}ABCdef34ghIJ`)] },
  moderator: { account, policies: [allow('ivschat:ListMessages', `${rooms}*`)] },
  blue: {
    account,
    policies: [allow('ivschat:ListMessages', '*', { StringEquals: { 'aws:ResourceTag/team': 'blue' } })],
  },
  stranger: { account: otherAccount, policies: [allow('*')] },
};
const missing = 'ABCdef34ghIJ';
const origin = 'https://chat.example';
const folder = mkdtempSync(join(tmpdir(), 'roomstream-list-messages-'));

let plane: ControlPlaneUnderTest;
let history: RoomHistory;
let room: string;

before(async () => {
  plane = await startUnderTest({ users, env: { ROOMSTREAM_CONTROL_PLANE_CORS_ORIGINS: origin } });
  history = await RoomHistory.open(plane);
  room = await history.room();
  await history.say(room, 4);
});
after(async () => {
  await history.close();
  await plane.stop();
  rmSync(folder, { recursive: true });
});

function assertError(answer: RawAnswer, status: number, type: string): Readonly<Record<string, unknown>> {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers['x-amzn-errortype'], type, answer.body);
  return JSON.parse(answer.body);
}

test('a caller whose policies do not allow ivschat:ListMessages on the room is refused, whether there is one or not', async () => {
  for (const user of ['nothing', 'withoutAction', 'otherRooms', 'blue']) {
    for (const id of user === 'otherRooms' ? [room] : [room, missing]) {
      const { message } = assertError(await history.call(id, '', user), 403, 'AccessDeniedException');
      const text = `user/${user} is not authorized to perform: ivschat:ListMessages on resource: ${rooms}${id}`;
      assert.ok(`${message}`.includes(text), `${message}`);
    }
  }
});

test('a policy for the action on rooms, or on rooms with a tag, lets its user read', async () => {
  assert.equal((await history.call(room, '', 'moderator')).status, 200);
  const blue = await history.room({ team: 'blue', 'roomstream:history': 'on' });
  assert.equal((await history.call(blue, '', 'blue')).status, 200);
});

test('a call without a signature, or of an unknown key, is refused', async () => {
  assertError(await history.call(room, '', ''), 403, 'MissingAuthenticationToken');
  assertError(await history.call(room, '', 'nobody'), 403, 'UnrecognizedClientException');
});

test('a room that does not exist is a ResourceNotFoundException', async () => {
  const { resourceId, resourceType } = assertError(
    await history.call(missing),
    404,
    'ResourceNotFoundException',
  );
  assert.deepEqual({ resourceId, resourceType }, { resourceId: missing, resourceType: 'ROOM' });
});

test('a room of another account is none of the caller’s', async () => {
  assertError(await history.call(room, '', 'stranger'), 404, 'ResourceNotFoundException');
});

test('a room without the tag roomstream:history = on is refused, and the error says how to switch it on', async () => {
  for (const tags of [
    {},
    { 'roomstream:history': 'off' },
    { 'roomstream:history': 'ON' },
    { history: 'on' },
  ]) {
    const quiet = await history.room(tags);
    const { message, reason } = assertError(await history.call(quiet), 400, 'ValidationException');
    assert.equal(reason, 'OTHER');
    for (const text of [quiet, 'roomstream:history', 'value on', 'TagResource']) {
      assert.ok(`${message}`.includes(text), `${message}`);
    }
  }
});

test('the tag counts at once, and for what was said before', async () => {
  const quiet = await history.room({});
  const said = await history.say(quiet, 2);
  const resourceArn = `${rooms}${quiet}`;
  await plane.client().send(new TagResourceCommand({ resourceArn, tags: { 'roomstream:history': 'on' } }));
  assert.deepEqual(await history.pages(quiet, ''), [newestFirst(said)]);
  await plane.client().send(new UntagResourceCommand({ resourceArn, tagKeys: ['roomstream:history'] }));
  assertError(await history.call(quiet), 400, 'ValidationException');
});

test('a parameter beyond its limit is refused by its name, with the limit and the value or its size', async () => {
  const { nextToken = '' } = await history.page(room, 'maxResults=1');
  const altered = `${nextToken.slice(0, -1)}${nextToken.endsWith('A') ? 'B' : 'A'}`;
  const other = await history.room();
  const wrong: readonly (readonly [id: string, query: string, field: string, ...texts: string[]])[] = [
    [room, 'maxResults=0', 'maxResults', '0', 'at least 1'],
    [room, 'maxResults=-1', 'maxResults', '-1', 'at least 1'],
    [room, 'maxResults=101', 'maxResults', '101', 'at most 100'],
    [room, 'maxResults=ten', 'maxResults', 'whole number'],
    [room, 'maxResults=', 'maxResults', 'whole number'],
    [room, 'maxResults=1.5', 'maxResults', 'whole number'],
    [room, 'maxResults=1&maxResults=2', 'maxResults', 'whole number', 'list'],
    [room, 'events=yes', 'events', 'on, off', '3 characters'],
    [room, 'events=', 'events', 'on, off', '0 characters'],
    [room, `nextToken=${altered}`, 'nextToken', `${altered.length} characters`],
    [room, 'nextToken=x', 'nextToken', '1 character'],
    [room, `nextToken=${'x'.repeat(4097)}`, 'nextToken', '4097', '4096'],
    [room, `nextToken=${nextToken}&events=on`, 'nextToken', 'filters'],
    [other, `nextToken=${nextToken}`, 'nextToken', 'filters'],
    [room.slice(1), '', 'roomId', '11 characters', 'at least 12'],
    [`${room}a`, '', 'roomId', '13 characters', 'at most 12'],
    ['ABCdef34gh-J', '', 'roomId', '[a-zA-Z0-9]+'],
    [encodeURIComponent(`${rooms}${room}`), '', 'roomId', 'at most 12'],
    ['%zz', '', 'roomId', 'percent-encoding'],
  ];
  for (const [id, query, field, ...texts] of wrong) {
    const answer = await history.call(id, query);
    const { reason, fieldList } = assertError(answer, 400, 'ValidationException');
    assert.equal(reason, 'FIELD_VALIDATION_FAILED', query);
    const [fault] = fieldList as { name: string; message: string }[];
    assert.equal(fault?.name, field, query);
    for (const text of texts) assert.ok(fault?.message.includes(text), `${query}: ${fault?.message}`);
  }
});

test('pages have at most as many messages as the setting says, and no more than that without maxResults', async () => {
  const env = { ROOMSTREAM_HISTORY_MOST_MESSAGES: '3' };
  const small = await startUnderTest({ redis: plane.redis, env });
  const smallHistory = await RoomHistory.open(small);
  try {
    assert.equal((await smallHistory.page(room, '')).messages.length, 3);
    assert.equal((await smallHistory.page(room, 'maxResults=3')).messages.length, 3);
    const { fieldList } = assertError(
      await smallHistory.call(room, 'maxResults=4'),
      400,
      'ValidationException',
    );
    assert.deepEqual(fieldList, [{ name: 'maxResults', message: 'is 4, must be at most 3' }]);
  } finally {
    await smallHistory.close();
    await small.stop();
  }
});

test('the account’s rate of ListMessages is its own', async () => {
  const accountsFile = join(folder, 'accounts.json');
  const quotas = { listMessagesPerSecond: 2, roomOperationPerSecond: 'unlimited' };
  writeFileSync(accountsFile, JSON.stringify({ accounts: { [account]: { quotas } } }));
  const env = { ROOMSTREAM_QUOTAS: 'ivs', ROOMSTREAM_ACCOUNTS_FILE: accountsFile };
  const limited = await startUnderTest({ redis: plane.redis, env });
  const limitedHistory = await RoomHistory.open(limited);
  try {
    const answers = await Promise.all(Array.from({ length: 12 }, () => limitedHistory.call(room)));
    const refused = answers.filter(({ status }) => status !== 200);
    assert.ok(refused.length > 0 && refused.length <= 10, `${refused.length} of 12 were refused`);
    for (const answer of refused) {
      const { resourceId, resourceType, limit } = assertError(answer, 429, 'ThrottlingException');
      assert.deepEqual(
        { resourceId, resourceType, limit },
        { resourceId: room, resourceType: 'ROOM', limit: 2 },
      );
    }
  } finally {
    await limitedHistory.close();
    await limited.stop();
  }
});

test('while the streams are away, a call fails within seconds with an error that clients repeat', async () => {
  const [streams, records] = [await startRedis(), await startRedis()];
  const env = { ROOMSTREAM_RECORDS_REDIS_URL: records.url };
  const apart = await startUnderTest({ redis: streams, env });
  const apartHistory = await RoomHistory.open(apart);
  try {
    const id = await apartHistory.room();
    await apartHistory.say(id, 3);
    const { nextToken } = await apartHistory.page(id, 'maxResults=1');
    await streams.stop();
    const startedMs = performance.now();
    for (const query of ['', `maxResults=1&nextToken=${nextToken}`]) {
      assertError(await apartHistory.call(id, query), 500, 'InternalServerException');
    }
    assert.ok(performance.now() - startedMs < 20_000);
    assert.ok(!apart.logged.some(({ msg }) => msg === 'an API call failed'));
  } finally {
    await apartHistory.close();
    await apart.stop();
    await records.stop();
  }
});

test('a call leaves an audit line that names the operation and the room', async () => {
  const { headers } = await history.call(room, 'maxResults=1', 'moderator');
  const line = plane.logged.find((each) => each['requestId'] === headers['x-amzn-requestid']);
  const { audit, operation, user, resource, outcome, status } = line ?? {};
  assert.deepEqual(
    { audit, operation, user, resource, outcome, status },
    {
      audit: true,
      operation: 'ListMessages',
      user: 'moderator',
      resource: `${rooms}${room}`,
      outcome: 'ok',
      status: 200,
    },
  );
});

test('a page of an allowed origin may ask and read the answer', async () => {
  const path = `/rooms/${room}/messages`;
  const asking = {
    origin,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization,x-amz-date',
  };
  const preflight = await rawRequest(plane.url, { method: 'OPTIONS', path, headers: asking });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  assert.match(`${preflight.headers['access-control-allow-methods']}`, /GET/);
  const answer = await rawRequest(plane.url, { method: 'GET', path, user: 'test', headers: { origin } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['access-control-allow-origin'], origin);
});
