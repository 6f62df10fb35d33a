import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisSettings } from '@roomstream/runtime/redis';
import { readSettings } from '@roomstream/runtime/settings';
import { recordsAccess, recordsSettings } from './records-settings.ts';

const read = (environment: Record<string, string>) =>
  recordsAccess(readSettings({ ...redisSettings, ...recordsSettings }, environment)).redisUrl;

test('records are in the Redis of the streams unless another one is named', () => {
  assert.deepEqual(read({ REDIS_URL: 'redis://a:1' }).nodes, [{ host: 'a', port: 1 }]);
  const both = { REDIS_URL: 'redis://a:1', ROOMSTREAM_RECORDS_REDIS_URL: 'redis-cluster://b:2' };
  assert.deepEqual(read(both).nodes, [{ host: 'b', port: 2 }]);
  assert.equal(read(both).kind, 'cluster');
});
