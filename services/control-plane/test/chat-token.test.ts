import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type ChatTokenCapability,
  CreateChatTokenCommand,
  type CreateChatTokenCommandInput,
  CreateRoomCommand,
  type IvschatClient,
} from '@aws-sdk/client-ivschat';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings } from '@roomstream/runtime/settings';
import { openTokenKeys, type TokenKeys } from '@roomstream/token/token-keys';
import { tokenSettings } from '@roomstream/token/token-settings';
import { pino } from 'pino';
import {
  account,
  allow,
  type ControlPlaneUnderTest,
  errorOf,
  otherAccount,
  region,
  startUnderTest,
} from './control-plane-under-test.ts';

let plane: ControlPlaneUnderTest;
let client: IvschatClient;
let keys: TokenKeys;
let roomIdentifier: string;
const folder = mkdtempSync(join(tmpdir(), 'roomstream-accounts-'));

before(async () => {
  const accountsFile = join(folder, 'accounts.json');
  const quotas = { tokenLifeSeconds: 6 * 3600 };
  writeFileSync(accountsFile, JSON.stringify({ accounts: { [otherAccount]: { quotas } } }));
  plane = await startUnderTest({
    env: { ROOMSTREAM_ACCOUNTS_FILE: accountsFile },
    users: { patient: { account: otherAccount, policies: [allow('*')] } },
  });
  client = plane.client();
  roomIdentifier = (await client.send(new CreateRoomCommand({}))).arn as string;
  const settings = readSettings(tokenSettings, { ROOMSTREAM_TOKEN_KEY_FILE: plane.tokenKeyFile });
  keys = await openTokenKeys(settings, { log: pino({ level: 'silent' }), registry: openMetrics() });
});
after(async () => {
  await keys.close();
  await plane.stop();
  rmSync(folder, { recursive: true });
});

async function mint(input: Partial<CreateChatTokenCommandInput> = {}, by = client) {
  const made = await by.send(new CreateChatTokenCommand({ roomIdentifier, userId: 'u', ...input }));
  const token = await keys.open(made.token as string);
  assert.ok(token !== undefined);
  return { made, token };
}

test('a token says what the request said, and what the answer says', async () => {
  const attributes = { displayName: 'Anne-Zoé 💬' };
  const capabilities: ChatTokenCapability[] = ['SEND_MESSAGE', 'DELETE_MESSAGE', 'SEND_MESSAGE'];
  const beforeMs = Date.now();
  const { made, token } = await mint({ userId: 'é💬', attributes, capabilities });
  assert.match(made.token ?? '', /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  assert.deepEqual(token, {
    id: token.id,
    account,
    room: roomIdentifier.split('/')[1],
    userId: 'é💬',
    attributes,
    capabilities: ['SEND_MESSAGE', 'DELETE_MESSAGE'],
    tokenExpiresMs: made.tokenExpirationTime?.getTime(),
    sessionExpiresMs: made.sessionExpirationTime?.getTime(),
  });
  const lifeMs = token.tokenExpiresMs - beforeMs;
  assert.ok(lifeMs > 55_000 && lifeMs < 90_000, `${lifeMs}`);
  assert.equal(token.sessionExpiresMs - token.tokenExpiresMs, 59 * 60_000);
});

test('a token without capabilities lets its holder receive only', async () => {
  const { token } = await mint();
  assert.deepEqual(token.capabilities, []);
  assert.deepEqual(token.attributes, {});
});

test('the session lasts as long as the request says', async () => {
  for (const sessionDurationInMinutes of [1, 180]) {
    const { token } = await mint({ sessionDurationInMinutes });
    assert.equal(token.sessionExpiresMs - token.tokenExpiresMs, (sessionDurationInMinutes - 1) * 60_000);
  }
});

test('an account may have tokens that live longer, up to the session’s length', async () => {
  const patient = plane.client('patient');
  const { arn } = await patient.send(new CreateRoomCommand({}));
  const { token } = await mint({ roomIdentifier: arn, sessionDurationInMinutes: 180 }, patient);
  assert.equal(token.tokenExpiresMs, token.sessionExpiresMs);
});

test('every token has an id of its own', async () => {
  const [one, two] = await Promise.all([mint(), mint()]);
  assert.notEqual(one.token.id, two.token.id);
});

test('a token for a room that does not exist is refused', async () => {
  const missing = `arn:aws:ivschat:${region}:${account}:room/ABCdef34ghIJ`;
  const error = await errorOf(mint({ roomIdentifier: missing }));
  assert.equal(error.name, 'ResourceNotFoundException');
});

test('attributes of 1 KB are taken, one byte more is refused without being shown', async () => {
  await mint({ attributes: { é: 'x'.repeat(1022) } });
  const error = await errorOf(mint({ attributes: { é: 'x'.repeat(1023) } }));
  assert.equal(error.name, 'ValidationException');
  assert.deepEqual(error['fieldList'], [
    { name: 'attributes', message: 'has 1025 bytes of keys and values, must have at most 1024' },
  ]);
});
