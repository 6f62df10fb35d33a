import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { readSettings } from '@roomstream/runtime/settings';
import { eventually } from '@roomstream/testing/eventually';
import { createKeyFile, readKeyFile } from '@roomstream/token/key-file';
import type { ChatToken } from '@roomstream/token/token';
import { openTokenKeys } from '@roomstream/token/token-keys';
import { tokenSettings } from '@roomstream/token/token-settings';
import { Registry } from 'prom-client';
import { roomstream } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const hourMs = 3_600_000;

function newFile(name: string, ageMs = 0): { path: string; env: Record<string, string> } {
  const path = join(folder, name);
  createKeyFile(path, Date.now() - ageMs);
  return { path, env: { ROOMSTREAM_TOKEN_KEY_FILE: path } };
}

const idsOf = (path: string) => readKeyFile(path).keys.map(({ id }) => id.toString('hex'));

test('a rotation adds a key that seals after ten minutes, and the file stays its owner’s alone', async () => {
  const { path, env } = newFile('first.keys');
  const [old] = idsOf(path);
  const { status, stdout, stderr } = await roomstream(['keys', 'rotate'], env);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  const { keys } = readKeyFile(path);
  assert.equal(keys.length, 2);
  assert.equal(keys[0]?.id.toString('hex'), old);
  const inMs = (keys[1]?.sealsFromMs ?? 0) - Date.now();
  assert.ok(inMs > 540_000 && inMs <= 600_000, `${inMs}`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(!stderr.includes(keys[1]?.secret.toString('base64url') ?? ''), 'no secret is told');
});

test('processes that run seal with the new key and open what was sealed with the old one', async () => {
  const { path, env } = newFile('live.keys', hourMs);
  const surroundings = { log: openLog('test', 'silent'), registry: new Registry() };
  const keys = await openTokenKeys(readSettings(tokenSettings, env), surroundings);
  const token: ChatToken = {
    account: '123456789012',
    room: 'abcdefghijkl',
    userId: 'alice',
    attributes: {},
    capabilities: [],
    tokenExpiresMs: Date.now() + 60_000,
    sessionExpiresMs: Date.now() + 60_000,
    id: 'abcdefghijkl',
  };
  const headerOf = (text: string) => text.slice(0, text.indexOf('.'));
  const sealed = await keys.seal(token);
  await roomstream(['keys', 'rotate', '--seals-in', '0s'], env);
  const [, added = ''] = idsOf(path);
  await eventually(async () =>
    Buffer.from(headerOf(await keys.seal(token)), 'base64url')
      .toString('hex')
      .includes(added),
  );
  assert.notEqual(await keys.open(sealed), undefined);
  await keys.close();
});

test('keys are removed once their successor has sealed for as long as --keep says', async () => {
  const { path, env } = newFile('old.keys', 200 * hourMs);
  const key = (id: string, ageMs: number) => ({
    id,
    key: Buffer.alloc(32, id).toString('base64url'),
    sealsFrom: new Date(Date.now() - ageMs).toISOString(),
  });
  const [oldest, older, newest] = ['00000000000000aa', '00000000000000bb', '00000000000000cc'];
  const content = {
    keys: [key(oldest ?? '', 300 * hourMs), key(newest ?? '', 40 * hourMs), key(older ?? '', 100 * hourMs)],
  };
  writeFileSync(path, JSON.stringify(content));
  const { stderr } = await roomstream(['keys', 'rotate'], env);
  assert.match(stderr, /Removed key 00000000000000aa/);
  assert.deepEqual(idsOf(path).slice(0, 2), [older, newest]);
  assert.match(
    (await roomstream(['keys', 'rotate', '--keep', '3h'], env)).stderr,
    /^--keep must be at least 240m/,
  );
});

test('--print leaves the file as it is and prints the new one alone on stdout', async () => {
  const { path, env } = newFile('printed.keys');
  const before = readFileSync(path, 'utf8');
  const { status, stdout } = await roomstream(['keys', 'rotate', '--print'], env);
  assert.equal(status, 0);
  assert.equal(readFileSync(path, 'utf8'), before);
  const next = join(folder, 'next.keys');
  writeFileSync(next, stdout, { mode: 0o600 });
  assert.equal(idsOf(next).length, 2);
  assert.equal(idsOf(next)[0], idsOf(path)[0]);
});

test('a file that isn’t there, one that is being rotated, and keys of KMS are refused in a sentence', async () => {
  const missing = await roomstream(['keys', 'rotate'], { ROOMSTREAM_TOKEN_KEY_FILE: join(folder, 'none') });
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^The token key file .*none isn't there/);
  const { path, env } = newFile('busy.keys');
  writeFileSync(`${path}.rotating`, '');
  const busy = await roomstream(['keys', 'rotate'], env);
  assert.equal(busy.status, 1);
  assert.match(busy.stderr, /another rotation is under way/);
  const kms = await roomstream(['keys', 'rotate'], { ROOMSTREAM_KMS_KEY_ID: 'alias/chat' });
  assert.equal(kms.status, 2);
  assert.match(kms.stderr, /^The keys are those of KMS/);
});
