import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readSettings } from '@roomstream/runtime/settings';
import { eventually } from '@roomstream/testing/eventually';
import { openQuotas, quotaDefaults, quotaSettings } from '../src/quotas.ts';
import { silent } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-quotas-'));
after(() => rmSync(folder, { recursive: true }));

const account = '123456789012';
const open = async (environment: Record<string, string>) =>
  openQuotas(readSettings(quotaSettings, environment), silent);
const file = (name: string, value: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};

test('without settings every account has the quotas of IVS', async () => {
  const quotas = await open({});
  assert.deepEqual(quotas.of(account), quotaDefaults);
  quotas.close();
});

test('unlimited lifts what is used, not the bounds of values', async () => {
  const quotas = await open({ ROOMSTREAM_QUOTAS: 'unlimited' });
  const { connections, rooms, roomMessagesPerSecond, tokenLifeSeconds, messageReviewTimeoutMs } =
    quotas.of(account);
  assert.deepEqual([connections, rooms], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  assert.deepEqual([roomMessagesPerSecond, tokenLifeSeconds, messageReviewTimeoutMs], [100, 60, 200]);
  quotas.close();
});

test('the accounts file overrides single quotas of single accounts, and is followed when it changes', async () => {
  const path = file('followed.json', { accounts: { [account]: { quotas: { rooms: 7 } } } });
  const quotas = await open({ ROOMSTREAM_ACCOUNTS_FILE: path });
  assert.deepEqual(quotas.of(account), { ...quotaDefaults, rooms: 7 });
  assert.deepEqual(quotas.of('000000000000'), quotaDefaults);
  // As a mounted ConfigMap changes: another file under the same name.
  const next = file('next.json', { accounts: { [account]: { quotas: { rooms: 'unlimited' } } } });
  renameSync(next, path);
  await eventually(() => quotas.of(account).rooms === Number.POSITIVE_INFINITY);
  file('followed.json', '{"accounts": {');
  file('followed.json', { accounts: { [account]: { quotas: { roms: 8 } } } });
  file('followed.json', { accounts: { [account]: { quotas: { rooms: 9 } } } });
  await eventually(() => quotas.of(account).rooms === 9);
  quotas.close();
});

test('a file that becomes broken is refused and logged, the previous one stays', async () => {
  const path = file('broken.json', { accounts: { [account]: { quotas: { rooms: 7 } } } });
  const errors: string[] = [];
  const log = silent.child({});
  log.error = (fields: unknown) => void errors.push((fields as { err: Error }).err.message);
  const quotas = await openQuotas(readSettings(quotaSettings, { ROOMSTREAM_ACCOUNTS_FILE: path }), log);
  file('broken.json', { accounts: { [account]: { quotas: { roms: 8 } } } });
  await eventually(() => assert.equal(errors.length, 1));
  assert.match(errors[0] as string, /123456789012: there is no quota "roms"/);
  assert.equal(quotas.of(account).rooms, 7);
  quotas.close();
});

test('a file that is broken at the start stops it, with every fault in one message', async () => {
  const accounts = {
    '12': { quotas: {} },
    [account]: { quotas: { rooms: -1, tokenLifeSeconds: 'unlimited', connections: 1.5 }, quotes: {} },
  };
  const start = open({ ROOMSTREAM_ACCOUNTS_FILE: file('wrong.json', { accounts }) });
  await assert.rejects(start, (error: Error) => {
    for (const word of ['wrong.json', '"12"', 'rooms', 'tokenLifeSeconds', 'connections', '"quotes"']) {
      assert.ok(error.message.includes(word), word);
    }
    return true;
  });
  await assert.rejects(open({ ROOMSTREAM_ACCOUNTS_FILE: join(folder, 'none.json') }), /can't be read/);
  await assert.rejects(open({ ROOMSTREAM_ACCOUNTS_FILE: file('list.json', '[]') }), /must be an object/);
});
