import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { file, flag, integer, list, oneOf, optionalFile, optionalText, port, text } from './setting-kinds.ts';
import { readSettings, SettingsError, settingsMarkdown } from './settings.ts';

const table = {
  host: text({ env: 'X_HOST', fallback: '127.0.0.1', about: 'Address.' }),
  port: port({ env: 'X_PORT', about: 'Port.' }),
  workers: integer({ env: 'X_WORKERS', fallback: '4', about: 'Workers.' }, 1, 8),
  isQuiet: flag({ env: 'X_QUIET', fallback: 'false', about: 'No log.' }),
  level: oneOf({ env: 'X_LEVEL', fallback: 'low', about: 'Level.' }, ['low', 'high']),
  proxies: list({ env: 'X_PROXIES', fallback: '', about: 'Proxies.' }),
  key: optionalText({ env: 'X_KEY', about: 'Key.', secret: true }),
};

test('settings come from the environment, defaults where it is silent', () => {
  assert.deepEqual(readSettings(table, { X_PORT: '80', X_QUIET: 'true', X_PROXIES: ' a, b ,', X_HOST: '' }), {
    host: '127.0.0.1',
    port: 80,
    workers: 4,
    isQuiet: true,
    level: 'low',
    proxies: ['a', 'b'],
    key: undefined,
  });
});

test('wrong settings are refused in one message that names all of them', () => {
  const wrong = { X_WORKERS: '9', X_QUIET: 'yes', X_LEVEL: 'middle' };
  assert.throws(
    () => readSettings(table, wrong),
    (error) => {
      assert.ok(error instanceof SettingsError);
      assert.equal(error.faults.length, 4);
      assert.match(error.message, /X_PORT is not set/);
      assert.match(error.message, /X_WORKERS must be a whole number from 1 to 8, got "9"/);
      assert.match(error.message, /X_QUIET must be true or false, got "yes"/);
      assert.match(error.message, /X_LEVEL must be one of low, high, got "middle"/);
      return true;
    },
  );
});

test('a secret may come from a file; an unreadable one is a fault', () => {
  const secret = join(mkdtempSync(join(tmpdir(), 'roomstream-')), 'key');
  writeFileSync(secret, 's3cret\n');
  assert.equal(readSettings(table, { X_PORT: '1', X_KEY_FILE: secret }).key, 's3cret');
  assert.throws(
    () => readSettings(table, { X_PORT: '1', X_KEY_FILE: `${secret}.none` }),
    /X_KEY .*no such file/,
  );
});

test('a file that can’t be read is a fault of its setting', () => {
  const files = { cert: optionalFile({ env: 'X_CERT', about: 'Certificate.' }) };
  assert.deepEqual(readSettings(files, {}), { cert: undefined });
  assert.deepEqual(readSettings(files, { X_CERT: '/dev/null' }), { cert: '/dev/null' });
  assert.throws(
    () => readSettings(files, { X_CERT: '/nope' }),
    /X_CERT names \/nope, which can't be read \(ENOENT\)/,
  );
  const needed = { users: file({ env: 'X_USERS', about: 'Users.' }) };
  assert.deepEqual(readSettings(needed, { X_USERS: '/dev/null' }), { users: '/dev/null' });
  assert.throws(
    () => readSettings(needed, { X_USERS: '/nope' }),
    /X_USERS names \/nope, which can't be read/,
  );
  assert.throws(() => readSettings(needed, {}), /X_USERS is not set/);
});

test('settings cannot be changed later', () => {
  assert.ok(Object.isFrozen(readSettings(table, { X_PORT: '1' })));
});

test('a table prints itself as markdown', () => {
  const lines = settingsMarkdown(table).split('\n');
  assert.equal(lines[2], '| `X_HOST` | `127.0.0.1` | Address. |');
  assert.equal(lines[3], '| `X_PORT` | required | Port. |');
  assert.equal(lines[8], '| `X_KEY` (or `X_KEY_FILE`) |  | Key. |');
});
