import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readSettings } from '@roomstream/runtime/settings';
import { eventually } from '@roomstream/testing/eventually';
import { logTargets } from '../src/log-targets.ts';
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
  assert.equal(quotas.of(account).recoveryWindowSeconds, 30);
  quotas.close();
});

test('the recovery window: the setting for all accounts, the accounts file for single ones, 0 switches it off', async () => {
  const other = '210987654321';
  const path = file('recovery.json', {
    accounts: {
      [account]: { quotas: { recoveryWindowSeconds: 0 } },
      [other]: { quotas: { recoveryWindowSeconds: 600 } },
    },
  });
  const windows = async (environment: Record<string, string>) => {
    const quotas = await open({ ROOMSTREAM_ACCOUNTS_FILE: path, ...environment });
    quotas.close();
    return [account, other, '000000000000'].map((each) => quotas.of(each).recoveryWindowSeconds);
  };
  assert.deepEqual(await windows({}), [0, 600, 30]);
  assert.deepEqual(await windows({ ROOMSTREAM_RECOVERY_WINDOW_SECONDS: '0' }), [0, 600, 0]);
  assert.deepEqual(await windows({ ROOMSTREAM_RECOVERY_WINDOW_SECONDS: '600' }), [0, 600, 600]);
  assert.deepEqual(
    await windows({ ROOMSTREAM_RECOVERY_WINDOW_SECONDS: '7', ROOMSTREAM_QUOTAS: 'unlimited' }),
    [0, 600, 7],
  );
});

test('a recovery window that is no whole number of seconds from 0 to 600 is refused, as a setting and in the file', async () => {
  for (const seconds of ['-1', '601', '1.5', 'unlimited']) {
    assert.throws(() => readSettings(quotaSettings, { ROOMSTREAM_RECOVERY_WINDOW_SECONDS: seconds }), {
      message: /ROOMSTREAM_RECOVERY_WINDOW_SECONDS must be a whole number from 0 to 600/,
    });
  }
  for (const recoveryWindowSeconds of [-1, 601, 1.5, 'unlimited', null]) {
    const accounts = { [account]: { quotas: { recoveryWindowSeconds } } };
    await assert.rejects(open({ ROOMSTREAM_ACCOUNTS_FILE: file('window.json', { accounts }) }), {
      message: /123456789012: recoveryWindowSeconds must be a whole number from 0 to 600, got/,
    });
  }
});

test('bounds of values may not be 0, uses may', async () => {
  const quotas = { roomMessagesPerSecond: 0, tokenLifeSeconds: 0, messageReviewTimeoutMs: 0, rooms: 0 };
  const path = file('zeros.json', { accounts: { [account]: { quotas } } });
  await assert.rejects(open({ ROOMSTREAM_ACCOUNTS_FILE: path }), (error: Error) => {
    for (const name of ['roomMessagesPerSecond', 'tokenLifeSeconds', 'messageReviewTimeoutMs']) {
      assert.ok(error.message.includes(`${name} must be a whole number from 1 on, got 0`), error.message);
    }
    assert.ok(!error.message.includes('rooms must'), error.message);
    return true;
  });
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

test('what a full log does: the setting for all, the accounts file for single configurations of an account', async () => {
  const loggingConfigurations = { AAAAAAAAAAAA: { whenFull: 'drop-oldest' } };
  const other = '210987654321';
  const path = file('logs.json', { accounts: { [account]: { loggingConfigurations }, [other]: {} } });
  const room = { loggingConfigurationIds: ['AAAAAAAAAAAA', 'BBBBBBBBBBBB'] };
  const whenFull = async (environment: Record<string, string>, of: string) => {
    const quotas = await open(environment);
    quotas.close();
    return logTargets(quotas.of(of), room).map((target) => target.whenFull);
  };
  const block = { ROOMSTREAM_LOG_WHEN_FULL: 'block' };
  assert.deepEqual(await whenFull({}, account), ['drop-oldest', 'drop-oldest']);
  assert.deepEqual(await whenFull(block, account), ['block', 'block']);
  const blockWithFile = { ...block, ROOMSTREAM_ACCOUNTS_FILE: path };
  assert.deepEqual(await whenFull(blockWithFile, account), ['drop-oldest', 'block']);
  assert.deepEqual(await whenFull(blockWithFile, other), ['block', 'block']);
  assert.throws(() => readSettings(quotaSettings, { ROOMSTREAM_LOG_WHEN_FULL: 'wait' }), {
    message: /ROOMSTREAM_LOG_WHEN_FULL must be one of drop-oldest, block/,
  });
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
    '210987654321': {
      loggingConfigurations: {
        'arn:x': { whenFull: 'block' },
        CCCCCCCCCCCC: { whenFull: 'wait' },
        DDDDDDDDDDDD: { whenFull: 'block', when: 1 },
        EEEEEEEEEEEE: {},
      },
    },
    '310987654321': { loggingConfigurations: [], isPendingVerification: 'yes' },
  };
  const start = open({ ROOMSTREAM_ACCOUNTS_FILE: file('wrong.json', { accounts }) });
  await assert.rejects(start, (error: Error) => {
    const words = ['wrong.json', '"12"', 'rooms', 'tokenLifeSeconds', 'connections', '"quotes"'];
    const logWords = ['"arn:x" is not an id', '"wait"', '"when"', '"EEEEEEEEEEEE": whenFull must be'];
    const last = ['310987654321: loggingConfigurations must be an object', 'isPendingVerification'];
    for (const word of [...words, ...logWords, ...last]) {
      assert.ok(error.message.includes(word), word);
    }
    return true;
  });
  await assert.rejects(open({ ROOMSTREAM_ACCOUNTS_FILE: join(folder, 'none.json') }), /can't be read/);
  await assert.rejects(open({ ROOMSTREAM_ACCOUNTS_FILE: file('list.json', '[]') }), /must be an object/);
});
