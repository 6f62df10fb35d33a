import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { account, type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
/** With the default quotas of IVS, but 3 connections and small moderation rates. */
let one: Gateway;
let two: Gateway;
let free: Gateway;

before(async () => {
  stage = await openStage();
  const file = join(tmpdir(), `roomstream-accounts-${newId()}.json`);
  const quotas = { connections: 3, deleteMessagePerSecond: 2, disconnectUserPerSecond: 2 };
  writeFileSync(file, JSON.stringify({ accounts: { [account]: { quotas } } }));
  const env = { ROOMSTREAM_QUOTAS: 'ivs', ROOMSTREAM_ACCOUNTS_FILE: file };
  one = await stage.gateway(env);
  two = await stage.gateway(env);
  free = await stage.gateway();
});
after(() => stage.close());

test('the eleventh request within a second on a connection gets ERROR 429, another connection isn’t concerned', async () => {
  const room = await stage.room();
  const [ann, bob] = [await stage.client(one, room, 'ann'), await stage.client(one, room, 'bob')];
  const requests = Array.from({ length: 20 }, (_, i) => ann.say(`${i}`));
  const answers = await Promise.all(requests.map((requestId) => ann.answer(requestId)));
  const passed = answers.filter((answer) => answer.Type === 'MESSAGE').length;
  // On a machine so slow that sending took a second, more may pass; never fewer than ten.
  assert.ok(passed >= 10 && passed < 20, `${passed}`);
  assert.deepEqual(
    new Set(answers.filter((answer) => answer.Type === 'ERROR').map((answer) => answer.ErrorCode)),
    new Set([429]),
  );
  assert.equal((await bob.answer(bob.say('x'))).Type, 'MESSAGE');
  ann.terminate();
  bob.terminate();
});

test('beyond the room’s rate messages get ERROR 429', async () => {
  const room = await stage.room({ maximumMessageRatePerSecond: 2 });
  const ann = await stage.client(free, room, 'ann');
  const requests = Array.from({ length: 10 }, (_, i) => ann.say(`${i}`));
  const answers = await Promise.all(requests.map((requestId) => ann.answer(requestId)));
  assert.ok(answers.filter((answer) => answer.Type === 'MESSAGE').length >= 2);
  assert.ok(answers.some((answer) => answer.ErrorCode === 429));
  assert.equal(
    await metric(free, 'roomstream_errors_total', { code: 429 }),
    answers.filter((answer) => answer.Type === 'ERROR').length,
  );
});

test('beyond the account’s rate of deletions and disconnections they get ERROR 429, over both gateways', async () => {
  const room = await stage.room();
  for (const request of [
    { Action: 'DELETE_MESSAGE', Id: newId() },
    { Action: 'DISCONNECT_USER', UserId: 'nobody' },
  ]) {
    const moderators = await Promise.all([one, two].map((gateway) => connected(gateway, room, 'moderator')));
    const answers = await Promise.all(
      moderators.flatMap((moderator) =>
        Array.from({ length: 4 }, () => moderator.answer(moderator.request(request))),
      ),
    );
    assert.ok(answers.filter((answer) => answer.Type === 'EVENT').length >= 2);
    assert.ok(
      answers.some((answer) => answer.ErrorCode === 429),
      request.Action,
    );
    for (const moderator of moderators) moderator.terminate();
  }
});

/** Connects as soon as the quota has room for it: what earlier tests held comes back when their close arrives. */
function connected(gateway: Gateway, room: string, user: string) {
  return eventually(() => stage.client(gateway, room, user));
}

test('the connection quota holds over gateways, refuses with 429 before the token is used up, and admits refreshes', async () => {
  const room = await stage.room();
  const [ann, bob, cem] = [
    await connected(one, room, 'ann'),
    await connected(one, room, 'bob'),
    await connected(two, room, 'cem'),
  ];
  for (const gateway of [one, two]) {
    await assert.rejects(stage.client(gateway, room, 'dora'), { status: 429 });
  }
  const refreshes = [
    ['at the same gateway', await stage.client(one, room, 'ann')],
    ['at another gateway', await stage.client(two, room, 'bob')],
  ] as const;
  for (const [name, refresh] of refreshes) {
    assert.equal((await refresh.answer(refresh.say(name))).Type, 'MESSAGE', name);
  }
  const otherRoom = await stage.room();
  await assert.rejects(stage.client(two, otherRoom, 'ann'), { status: 429 }, 'another room is no refresh');
  ann.terminate();
  bob.terminate();
  await assertStill429(room);
  cem.terminate();
  const late = await connected(one, room, 'dora');
  assert.equal((await late.answer(late.say('in'))).Type, 'MESSAGE');
  for (const client of [late, ...refreshes.map(([, refresh]) => refresh)]) client.terminate();
});

/** Three are left of five, so the quota is still full. */
async function assertStill429(room: string): Promise<void> {
  await eventually(async () => {
    const open = await metric(one, 'roomstream_concurrent_chat_connections');
    return open + (await metric(two, 'roomstream_concurrent_chat_connections')) === 3;
  });
  await assert.rejects(stage.client(two, room, 'dora'), { status: 429 });
}

test('a token that the quota refused works when there is room', async () => {
  const room = await stage.room();
  const held = await Promise.all(['a', 'b', 'c'].map((user) => connected(one, room, user)));
  const token = await stage.token(room, 'dora');
  const { Client } = await import('./client.ts');
  await assert.rejects(Client.connect(one.port, token), { status: 429 });
  for (const client of held) client.terminate();
  const late = await eventually(() => Client.connect(one.port, token));
  late.terminate();
});

test('connections of a gateway that died are no reason to let their user in again', async () => {
  const room = await stage.room();
  const held = await Promise.all(['a', 'b', 'c'].map((user) => connected(one, room, user)));
  const key = stage.bus.keyOfRoom(room, `users:${room}:ghost`);
  await stage.bus.commands.hset(key, 'deadgateway0/1', `${stage.bus.clock.nowMs() + 60_000} 0 open 0 0 `);
  await assert.rejects(stage.client(one, room, 'ghost'), { status: 429 });
  for (const client of held) client.terminate();
});

test('nothing is remembered of a user whose last connection has closed cleanly', async () => {
  const room = await stage.room();
  const key = stage.bus.keyOfRoom(room, `users:${room}:ann`);
  const clients = [await stage.client(free, room, 'ann'), await stage.client(free, room, 'ann')];
  await eventually(async () => (await stage.bus.commands.hlen(key)) === 2);
  assert.ok((await stage.bus.commands.pttl(key)) > 3_000_000);
  for (const client of clients) client.socket.close(1000);
  await eventually(async () => (await stage.bus.commands.exists(key)) === 0);
});
