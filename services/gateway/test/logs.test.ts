import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WaitingReview } from '@roomstream/bus/review';
import { newId } from '@roomstream/protocol/ids';
import type { Room } from '@roomstream/store/records';
import { eventually } from '@roomstream/testing/eventually';
import type { Client } from './client.ts';
import { account, type Gateway, metric, openStage, type Stage } from './stage.ts';

/** Records of a configuration that may wait. */
const most = 5;
const folder = mkdtempSync(join(tmpdir(), 'roomstream-logs-'));
const accountsFile = join(folder, 'accounts.json');
/** Configurations of the tests that block; all others drop their oldest. */
const blocking = Array.from({ length: 6 }, newId);

let stage: Stage;
let one: Gateway;
let two: Gateway;

before(async () => {
  const loggingConfigurations = Object.fromEntries(blocking.map((id) => [id, { whenFull: 'block' }]));
  writeFileSync(accountsFile, JSON.stringify({ accounts: { [account]: { loggingConfigurations } } }));
  stage = await openStage({
    // All rooms on one shard: what is full for one must not be for another.
    ROOMSTREAM_SHARDS: '1',
    ROOMSTREAM_LOG_BACKLOG_RECORDS: `${most}`,
    ROOMSTREAM_ACCOUNTS_FILE: accountsFile,
  });
  one = await stage.gateway();
  two = await stage.gateway();
});
after(async () => {
  await stage.close();
  rmSync(folder, { recursive: true });
});

/** Creates a logging configuration; nobody ships its records. */
async function configuration(id: string = newId()): Promise<string> {
  const destination = { s3: { bucketName: 'bucket' } };
  const draft = { account, id, name: '', destination, state: 'ACTIVE', tags: {} } as const;
  const created = await stage.store.loggingConfigurations.create(draft, Number.POSITIVE_INFINITY);
  assert.equal(created.kind, 'created');
  return id;
}

/** One that blocks. */
const blockingConfiguration = () => configuration(blocking.pop() ?? assert.fail('too few are prepared'));

const roomWith = (loggingConfigurationIds: readonly string[], changed: Partial<Room> = {}) =>
  stage.room({ loggingConfigurationIds, ...changed });

const queueOf = (id: string) => stage.bus.keyOfRoom(newId(), `log:${id}`);

type Logged = { readonly Type: string; readonly Content?: string; readonly EventName?: string };

/** The frames that wait in a configuration's queue. */
async function logged(id: string): Promise<readonly Logged[]> {
  const entries = await stage.bus.commands.xrange(queueOf(id), '-', '+');
  return entries.map(([, fields]) => JSON.parse(fields[1]?.slice(fields[1].indexOf('{')) ?? '') as Logged);
}

const contents = async (id: string) => (await logged(id)).map(({ Content }) => Content);

/** Says something and returns what becomes of it: `MESSAGE`, or the ERROR's code. */
async function outcome(client: Client, content: string): Promise<unknown> {
  const { Type, ErrorCode } = await client.answer(client.say(content));
  return Type === 'ERROR' ? ErrorCode : Type;
}

const said = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

test('what clients send is logged with each of the room’s three configurations, in order', async () => {
  const ids = [await configuration(), await configuration(), await blockingConfiguration()];
  const ann = await stage.client(one, await roomWith(ids), 'ann');
  await outcome(ann, 'hello');
  await ann.answer(ann.request({ Action: 'DELETE_MESSAGE', Id: newId() }));
  await ann.answer(ann.request({ Action: 'DISCONNECT_USER', UserId: 'nobody' }));
  for (const id of ids) {
    assert.deepEqual(
      (await logged(id)).map(({ Content, EventName }) => Content ?? EventName),
      ['hello', 'aws:DELETE_MESSAGE', 'aws:DISCONNECT_USER'],
    );
  }
});

test('a room whose log is full and blocks gets 429 at every gateway, while the other rooms of its shard go on', async () => {
  const [full, dropping] = [await blockingConfiguration(), await configuration()];
  const room = await roomWith([full]);
  const ann = await stage.client(one, room, 'ann');
  const bob = await stage.client(two, room, 'bob');
  for (const content of said(most)) assert.equal(await outcome(ann, content), 'MESSAGE');

  const others = {
    'a room without logging': await stage.client(one, await stage.room(), 'cem'),
    'a room that drops its oldest': await stage.client(two, await roomWith([dropping]), 'dora'),
    'a room whose blocking log isn’t full': await stage.client(
      two,
      await roomWith([await blockingConfiguration()]),
      'eve',
    ),
  };
  for (const content of said(most)) {
    assert.equal(await outcome(ann, content), 429);
    assert.equal(await outcome(bob, content), 429);
    for (const [name, client] of Object.entries(others)) {
      assert.equal(await outcome(client, content), 'MESSAGE', name);
    }
  }
  assert.equal(await outcome(others['a room that drops its oldest'], 'one more'), 'MESSAGE');
  assert.deepEqual(await contents(full), said(most));
  assert.deepEqual(await contents(dropping), [...said(most).slice(1), 'one more']);
  assert.equal(ann.contents().length, most, 'what was refused reached nobody');
  const label = `arn:aws:ivschat:us-west-2:${account}:logging-configuration/${full}`;
  for (const gateway of [one, two]) {
    const refused = await metric(gateway, 'roomstream_log_full_refusals_total', {
      logging_configuration: label,
    });
    assert.equal(refused, most);
  }

  await stage.bus.commands.xtrim(queueOf(full), 'MAXLEN', 0);
  assert.equal(await outcome(bob, 'shipped meanwhile'), 'MESSAGE');
});

test('a full log that blocks refuses neither deletions nor disconnections, and records them', async () => {
  const full = await blockingConfiguration();
  const room = await roomWith([full]);
  const ann = await stage.client(one, room, 'ann');
  const bob = await stage.client(one, room, 'bob');
  for (const content of said(most)) await outcome(ann, content);
  for (const request of [
    { Action: 'DELETE_MESSAGE', Id: newId() },
    { Action: 'DISCONNECT_USER', UserId: 'bob' },
  ]) {
    assert.equal((await ann.answer(ann.request(request))).Type, 'EVENT');
  }
  await eventually(() => assert.ok(!bob.isOpen));
  assert.equal(await outcome(ann, 'refused'), 429);
  assert.deepEqual(
    (await logged(full)).map(({ Content, EventName }) => Content ?? EventName),
    [...said(most), 'aws:DELETE_MESSAGE', 'aws:DISCONNECT_USER'],
  );
});

test('what one full log refuses is in none of the room’s other logs', async () => {
  const [full, other] = [await blockingConfiguration(), await configuration()];
  const ann = await stage.client(one, await roomWith([full, other]), 'ann');
  for (const content of said(most)) await outcome(ann, content);
  assert.equal(await outcome(ann, 'refused'), 429);
  assert.deepEqual(await contents(other), said(most));
});

test('attaching, detaching and deleting take effect at once, and take nothing back', async () => {
  const id = await configuration();
  const room = await stage.room();
  const ann = await stage.client(one, room, 'ann');
  await outcome(ann, 'before');
  await stage.changeRoom(room, { loggingConfigurationIds: [id] });
  await eventually(async () => {
    await outcome(ann, 'attached');
    assert.deepEqual(await contents(id), ['attached']);
  });
  await stage.deleteRoom(room);
  await eventually(async () => assert.equal(await outcome(ann, 'deleted'), 404));
  assert.equal((await contents(id))[0], 'attached');
});

test('a message for review is refused while a log is full; a reviewed one is logged when it has its verdict', async () => {
  const full = await blockingConfiguration();
  const uri = `arn:aws:lambda:us-west-2:${account}:function:f`;
  const room = await roomWith([full], { messageReviewHandler: { uri, fallbackResult: 'ALLOW' } });
  const ann = await stage.client(one, room, 'ann');
  const waiting: WaitingReview[] = [];
  const group = stage.bus.reviewGroup(
    { worker: newId(), claimMs: 60_000 },
    { capacity: () => 100, onReview: (review) => void waiting.push(review) },
  );
  for (const content of said(most)) {
    const requestId = ann.say(content);
    const review = await eventually(() => waiting.shift() ?? assert.fail('nothing waits for review'));
    assert.equal((await logged(full)).length, Number(content));
    const body = `{"Type":"MESSAGE","Id":"${review.id}","RequestId":"${requestId}","Content":"${content}"}`;
    await group.settle(review, { kind: 'frame', account, room, id: review.id, body });
    await ann.answer(requestId);
  }
  assert.deepEqual(await contents(full), said(most));
  assert.equal(await outcome(ann, 'refused'), 429);
  assert.deepEqual(waiting, []);
});
