import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, SettingsError } from '@roomstream/runtime/settings';
import { checkBuffer, logShipperSettings } from './settings.ts';

const read = (env: Readonly<Record<string, string>>) => readSettings(logShipperSettings, env);

test('the defaults fit each other', () => {
  checkBuffer(read({}));
});

test('a batch that the buffer could never hold beside another is refused, with the names of both settings', () => {
  const settings = read({ ROOMSTREAM_LOG_BUFFER_BYTES: '1048576', ROOMSTREAM_LOG_BUFFER_RECORDS: '19999' });
  assert.throws(
    () => checkBuffer(settings),
    (error) => {
      assert.ok(error instanceof SettingsError);
      assert.deepEqual(error.faults, [
        'ROOMSTREAM_LOG_BATCH_BYTES 8388608 is more than half of ROOMSTREAM_LOG_BUFFER_BYTES 1048576',
        'ROOMSTREAM_LOG_BATCH_RECORDS 10000 is more than half of ROOMSTREAM_LOG_BUFFER_RECORDS 19999',
      ]);
      return true;
    },
  );
  checkBuffer(read({ ROOMSTREAM_LOG_BUFFER_RECORDS: '20000' }));
});

test('windows are no longer than S3’s five minutes allow', () => {
  assert.equal(read({ ROOMSTREAM_LOG_WINDOW_SECONDS: '300' }).windowSeconds, 300);
  assert.throws(() => read({ ROOMSTREAM_LOG_WINDOW_SECONDS: '301' }), SettingsError);
});
