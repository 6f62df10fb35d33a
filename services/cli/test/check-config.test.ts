import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allowAll } from '@roomstream/testing/fleet';
import { printed, roomstream } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}

const credentials = write('credentials.json', allowAll);
const keys = join(folder, 'token.keys');

test('right settings of each service are told as right, and nothing is made or asked', async () => {
  const env = {
    REDIS_URL: 'redis://127.0.0.1:1',
    ROOMSTREAM_TOKEN_KEY_FILE: keys,
    ROOMSTREAM_CREDENTIALS_FILE: credentials,
  };
  for (const service of ['gateway', 'control-plane', 'review-worker', 'log-shipper']) {
    const { status, stdout, stderr } = await roomstream(['check-config', service], env);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`^The settings of ${service} are right: [0-9]+ of [0-9]+ are set`));
    assert.equal(stderr, '');
  }
});

test('all faults of a service are in one message: of the table, between settings', async () => {
  const gateway = await roomstream(['check-config', 'gateway'], {
    REDIS_URL: 'http://:secret@host',
    ROOMSTREAM_GATEWAY_PORT: '70000',
    ROOMSTREAM_LOG_LEVEL: 'loud',
  });
  assert.equal(gateway.status, 1);
  assert.equal(gateway.stdout, '');
  for (const name of ['REDIS_URL', 'ROOMSTREAM_GATEWAY_PORT must be', 'ROOMSTREAM_LOG_LEVEL must be'])
    assert.ok(gateway.stderr.includes(`\n  ${name}`), gateway.stderr);
  assert.ok(!gateway.stderr.includes('secret'));
});

test('faults of files and of settings that are each right are found as well, together', async () => {
  const env = {
    ROOMSTREAM_TOKEN_KEY_FILE: write('open.keys', '{"keys":[]}'),
    ROOMSTREAM_ACCOUNTS_FILE: write('accounts.json', { accounts: { '1': {} } }),
    ROOMSTREAM_GATEWAY_TLS_CERT_FILE: credentials,
    ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '60',
  };
  chmodSync(env.ROOMSTREAM_TOKEN_KEY_FILE, 0o644);
  const ran = await roomstream(['check-config', 'gateway', '--json'], env);
  assert.equal(ran.status, 1);
  const [{ ok, faults } = assert.fail()] = printed<{ ok: boolean; faults: string[] }>(ran);
  assert.equal(ok, false);
  const expected = [
    /ROOMSTREAM_GATEWAY_TLS_CERT_FILE and ROOMSTREAM_GATEWAY_TLS_KEY_FILE go together/,
    /open\.keys can be read by others: run chmod 600/,
    /accounts\.json is refused: account "1" is not 12 digits/,
    /^ROOMSTREAM_STOP_SECONDS 45 is less than the 67 s that a stop takes/,
  ];
  assert.equal(faults.length, expected.length, faults.join('\n'));
  for (const [at, pattern] of expected.entries()) assert.match(faults[at] ?? '', pattern);

  const plane = await roomstream(['check-config', 'control-plane'], {
    ROOMSTREAM_TOKEN_KEY_FILE: keys,
    ROOMSTREAM_CREDENTIALS_FILE: write('bad.json', {
      accounts: { '123456789012': { users: { one: { accessKeys: 'x' } } } },
    }),
    ROOMSTREAM_CONTROL_PLANE_STOP_DELAY_SECONDS: '40',
  });
  assert.match(plane.stderr, /bad\.json: /);
  assert.match(plane.stderr, /ROOMSTREAM_STOP_SECONDS 45 is less than the 50 s/);

  const worker = await roomstream(['check-config', 'review-worker'], {
    ROOMSTREAM_REVIEW_HANDLERS_FILE: write('handlers.json', { handlers: { '*': { webhook: { url: 'x' } } } }),
    ROOMSTREAM_LAMBDA_ACCESS_KEY_ID: 'AKIA',
  });
  assert.match(worker.stderr, /ROOMSTREAM_LAMBDA_SECRET_ACCESS_KEY must be set both/);
  assert.match(worker.stderr, /handlers\.json is refused: /);

  const shipper = await roomstream(['check-config', 'log-shipper'], {
    ROOMSTREAM_LOG_BATCH_RECORDS: '90000',
    ROOMSTREAM_S3_ACCESS_KEY_ID: 'AKIA',
  });
  assert.match(shipper.stderr, /ROOMSTREAM_LOG_BATCH_RECORDS 90000 is more than half/);
  assert.match(shipper.stderr, /ROOMSTREAM_S3_SECRET_ACCESS_KEY must be set both/);
});

test('a variable that no service knows is a warning with the name that is likely meant', async () => {
  const ran = await roomstream(['check-config', 'log-shipper'], { ROOMSTREAM_LOG_WINDOWS_SECOND: '5' });
  assert.equal(ran.status, 0);
  assert.match(
    ran.stderr,
    /ROOMSTREAM_LOG_WINDOWS_SECOND is no setting .*; is ROOMSTREAM_LOG_WINDOW_SECONDS meant\?/,
  );
});

test('which service must be said, and be one', async () => {
  assert.equal((await roomstream(['check-config'])).status, 2);
  assert.match((await roomstream(['check-config', 'gatway'])).stderr, /^There is no service gatway\./);
});
