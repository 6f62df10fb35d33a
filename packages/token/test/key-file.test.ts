import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createKeyFile, KeyFileError, readKeyFile, sealingMaster } from '../src/key-file.ts';
import { folder } from './fixtures.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const secret = Buffer.alloc(32, 7).toString('base64url');

test('the key file is made once, readable by its owner alone', (t) => {
  const path = join(folder(t), 'keys.json');
  assert.equal(createKeyFile(path, now), true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const made = readFileSync(path, 'utf8');
  assert.equal(createKeyFile(path, now), false);
  assert.equal(readFileSync(path, 'utf8'), made);
  assert.deepEqual(readdirSync(join(path, '..')), ['keys.json']);
});

test('a key file in a folder that is not there is refused, not made', (t) => {
  assert.throws(() => createKeyFile(join(folder(t), 'mistyped', 'keys.json'), now), /can't be made: ENOENT/);
});

test('processes that race for the key file agree on one key', async (t) => {
  const path = join(folder(t), 'keys.json');
  const code = `
    import { createKeyFile, readKeyFile } from ${JSON.stringify(new URL('../src/key-file.js', import.meta.url))};
    const at = Number(process.argv[1]);
    while (Date.now() < at);
    createKeyFile(process.argv[2], Date.now());
    process.stdout.write(readKeyFile(process.argv[2]).keys[0].id.toString('hex'));`;
  const at = `${Date.now() + 1_000}`;
  const ids = await Promise.all(Array.from({ length: 6 }, () => output(code, [at, path])));
  assert.match(ids[0] ?? '', /^[0-9a-f]{16}$/);
  assert.equal(new Set(ids).size, 1);
});

function output(code: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}

test('a key file that others may read is refused with the command that mends it', (t) => {
  const path = join(folder(t), 'keys.json');
  createKeyFile(path, now);
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    chmodSync(path, mode);
    assert.throws(() => readKeyFile(path), {
      name: 'KeyFileError',
      message: new RegExp(`chmod 600 ${path}$`),
    });
  }
});

test('a key file that can’t be made says so', (t) => {
  const path = join(folder(t), 'file');
  writeFileSync(path, '');
  assert.throws(() => createKeyFile(join(path, 'keys.json'), now), KeyFileError);
});

test('a broken key file is refused, and its secrets stay out of the message', (t) => {
  const path = join(folder(t), 'keys.json');
  const key = { id: '00112233445566aa', key: secret, sealsFrom: '2026-01-01T00:00:00Z' };
  const broken: readonly [string, RegExp][] = [
    ['', /not JSON/],
    [`{"keys":["${secret}`, /not JSON/],
    ['null', /list "keys"/],
    ['{"keys":[]}', /list "keys"/],
    [JSON.stringify({ keys: [null] }), /key 1 needs an "id"/],
    [JSON.stringify({ keys: [key, { ...key, id: 'x' }] }), /key 2 needs an "id"/],
    [JSON.stringify({ keys: [{ ...key, key: `${secret}A` }] }), /32 bytes/],
    [JSON.stringify({ keys: [{ ...key, sealsFrom: 'soon' }] }), /"sealsFrom"/],
    [JSON.stringify({ keys: [key, key] }), /same id/],
  ];
  for (const [text, reason] of broken) {
    writeFileSync(path, text, { mode: 0o600 });
    assert.throws(
      () => readKeyFile(path),
      (error: Error) => {
        assert.match(error.message, reason);
        assert.ok(!error.message.includes(secret.slice(0, 8)));
        return true;
      },
    );
  }
});

test('the newest key whose time has come seals', () => {
  const key = (day: number) => ({
    id: Buffer.alloc(8, day),
    secret: Buffer.alloc(32),
    sealsFromMs: now + day * 86_400_000,
  });
  const keys = [key(0), key(2), key(1)];
  assert.equal(sealingMaster(keys, now + 86_400_000 * 1.5), keys[2]);
  assert.equal(sealingMaster(keys, now + 86_400_000 * 3), keys[1]);
  assert.equal(sealingMaster(keys, now - 1), keys[0]);
});
