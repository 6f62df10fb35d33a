import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SettingsError } from '@roomstream/runtime/settings';
import { eventually } from '@roomstream/testing/eventually';
import type { TokenKeys } from '../src/token-keys.ts';
import { aToken, folder, openFileKeys, openKeys, surroundings } from './fixtures.ts';

/** Every character that a token may have, and some that it may not. */
const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é';

async function seal(keys: TokenKeys, token = aToken()): Promise<string> {
  return await keys.seal(token);
}

function headerOf(text: string): string {
  return text.slice(0, text.indexOf('.'));
}

test('a token sealed by one process opens in another with the same key file', async (t) => {
  const path = join(folder(t), 'keys.json');
  const [one, other] = await Promise.all([openFileKeys(t, path), openFileKeys(t, path)]);
  const token = aToken();
  const text = one.seal(token);
  assert.ok(typeof text === 'string', 'sealing with a key file is synchronous');
  assert.deepEqual(other.open(text), token);
  assert.deepEqual(one.open(text), token);
  assert.notEqual(headerOf(await seal(other)), headerOf(text), 'each process has a data key of its own');
});

test('a token is two base64url parts: every character is legal in Sec-WebSocket-Protocol', async (t) => {
  const keys = await openFileKeys(t);
  for (let i = 0; i < 50; i++)
    assert.match(await seal(keys, aToken({ userId: 'u'.repeat(i) })), /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
});

test('1 KB of attributes, whatever the characters, gives a token below 2,000 characters', async (t) => {
  const keys = await openFileKeys(t);
  for (const character of ['x', '"', '\u0001']) {
    const token = aToken({ attributes: { a: character.repeat(1023) } });
    const text = await seal(keys, token);
    assert.ok(text.length < 2_000, `${text.length}`);
    assert.deepEqual(keys.open(text), token);
  }
});

test('every character of both parts, flipped to any other, is refused with the same result', async (t) => {
  const keys = await openFileKeys(t);
  const text = await seal(keys, aToken({ userId: 'u', attributes: {} }));
  for (let at = 0; at < text.length; at++)
    for (const character of characters)
      if (character !== text[at])
        assert.equal(keys.open(text.slice(0, at) + character + text.slice(at + 1)), undefined, `at ${at}`);
});

test('every bit of both parts, flipped, is refused with the same result', async (t) => {
  const keys = await openFileKeys(t);
  const parts = (await seal(keys)).split('.').map((part) => Buffer.from(part, 'base64url'));
  for (const part of parts) {
    for (let bit = 0; bit < part.length * 8; bit++) {
      const flip = () => part.writeUInt8(part.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      flip();
      assert.equal(keys.open(parts.map((bytes) => bytes.toString('base64url')).join('.')), undefined);
      flip();
    }
  }
});

test('tokens that are cut, swapped, doubled or mixed are refused with the same result', async (t) => {
  const path = join(folder(t), 'keys.json');
  const [keys, others] = await Promise.all([openFileKeys(t, path), openFileKeys(t, path)]);
  const text = await seal(keys);
  const [header, body] = text.split('.') as [string, string];
  const [otherHeader, otherBody] = (await seal(others, aToken({ room: 'aaaaaaaaaaaa' }))).split('.') as [
    string,
    string,
  ];
  for (let end = 0; end < text.length; end++) assert.equal(keys.open(text.slice(0, end)), undefined);
  for (let start = 1; start < text.length; start++) assert.equal(keys.open(text.slice(start)), undefined);
  const wrong = [
    `${body}.${header}`,
    `${text}.`,
    `.${text}`,
    `${text}.${body}`,
    text + text,
    `${header}..${body}`,
    `${otherHeader}.${body}`,
    `${header}.${otherBody}`,
    ` ${text}`,
    `${text}=`,
  ];
  for (const token of wrong) assert.equal(keys.open(token), undefined);
  assert.equal((await keys.open(text))?.room, 'AbCdEfGhIjKl');
});

test('a token of another deployment’s key is refused with the same result', async (t) => {
  const [ours, theirs] = [await openFileKeys(t), await openFileKeys(t)];
  assert.equal(ours.open(await seal(theirs)), undefined);
});

test('garbage of any kind never makes opening throw', async (t) => {
  const keys = await openFileKeys(t);
  const header = headerOf(await seal(keys));
  const garbage = [
    '',
    '.',
    '..',
    'a.b',
    '\0.\0',
    '💬.💬',
    `${header}.`,
    `${header}.AAAA`,
    'A'.repeat(1_000_000),
  ];
  for (let i = 0; i < 2_000; i++) {
    const bytes = randomBytes(i % 120);
    garbage.push(bytes.toString('latin1'), `${bytes.toString('base64url')}.${bytes.toString('base64url')}`);
    garbage.push(`${header}.${bytes.toString('base64url')}`);
    // A header of the right form with any salt: a key can be derived, which opens nothing.
    garbage.push(
      `${Buffer.concat([Buffer.from(header, 'base64url').subarray(0, 9), randomBytes(16)]).toString('base64url')}.${bytes.toString('base64url')}`,
    );
    // The first byte says KMS, which isn't configured here.
    garbage.push(
      `${Buffer.concat([Buffer.of(2), bytes]).toString('base64url')}.${bytes.toString('base64url')}`,
    );
  }
  for (const text of garbage) assert.equal(keys.open(text), undefined);
});

test('a new data key seals after dataKeySeconds, and tokens of earlier ones still open', async (t) => {
  const path = join(folder(t), 'keys.json');
  const other = await openFileKeys(t, path);
  const keys = await openFileKeys(t, path, { ROOMSTREAM_DATA_KEY_SECONDS: '1' });
  const token = aToken();
  const first = await seal(keys, token);
  await eventually(async () => headerOf(await seal(keys)) !== headerOf(first));
  assert.deepEqual(keys.open(first), token);
  assert.deepEqual(other.open(first), token);
});

test('a changed key file counts without a restart: the newest key seals, all open, a removed one no more', async (t) => {
  const path = join(folder(t), 'keys.json');
  const keys = await openFileKeys(t, path);
  const old = await seal(keys);
  const added = {
    id: 'ffffffffffffffff',
    key: randomBytes(32).toString('base64url'),
    sealsFrom: new Date().toISOString(),
  };
  const before = JSON.parse(readFileSync(path, 'utf8')) as { keys: unknown[] };
  replace(path, { keys: [...before.keys, added] });
  let newer = '';
  await eventually(async () => {
    newer = await seal(keys);
    return Buffer.from(headerOf(newer), 'base64url').subarray(1, 9).toString('hex') === added.id;
  });
  assert.ok(keys.open(old) !== undefined && keys.open(newer) !== undefined);
  replace(path, { keys: [added] });
  await eventually(() => keys.open(old) === undefined);
  assert.ok(keys.open(newer) !== undefined);
});

/** As an operator does it: a new file moved over the old one. */
function replace(path: string, content: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

test('a key file that breaks while running is said to be broken, and the keys before go on', async (t) => {
  const path = join(folder(t), 'keys.json');
  const around = surroundings();
  const warnings: Error[] = [];
  Object.assign(around.log, { warn: ({ err }: { err?: Error }) => void (err && warnings.push(err)) });
  const keys = await openKeys(t, { ROOMSTREAM_TOKEN_KEY_FILE: path }, around);
  const text = await seal(keys);
  replace(path, { keys: [] });
  await eventually(() => warnings.some((warning) => warning.name === 'KeyFileError'));
  assert.match(warnings[0]?.message ?? '', /needs a list "keys" with at least one key$/);
  assert.ok(keys.open(text) !== undefined);
  assert.ok(keys.open(await seal(keys)) !== undefined);
});

test('a damaged key file stops the start and says what its loss means; an unreadable one says why alone', async (t) => {
  const path = join(folder(t), 'keys.json');
  writeFileSync(path, '{"keys":[', { mode: 0o600 });
  await assert.rejects(openFileKeys(t, path), /it is not JSON\. .*restore it from a copy.* are refused$/);
  rmSync(path);
  mkdirSync(path, { mode: 0o700 });
  await assert.rejects(openFileKeys(t, path), /can't be read: EISDIR[^.]*$/);
});

test('wrong settings and a file that others can read stop the start', async (t) => {
  await assert.rejects(openKeys(t, {}), SettingsError);
  const path = join(folder(t), 'keys.json');
  await openFileKeys(t, path);
  chmodSync(path, 0o644);
  await assert.rejects(openFileKeys(t, path), /can be read by others: run chmod 600/);
});

test('two services of one process may share one registry', async (t) => {
  const around = surroundings();
  const environment = { ROOMSTREAM_TOKEN_KEY_FILE: join(folder(t), 'keys.json') };
  await openKeys(t, environment, around);
  await openKeys(t, environment, around);
  assert.match(await around.registry.metrics(), /roomstream_token_data_key_created_timestamp_seconds \d/);
});
