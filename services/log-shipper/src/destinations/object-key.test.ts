import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectKey } from './object-key.ts';

const record = (entryId: string) => ({ entryId, ms: 0, sendTime: '', line: Buffer.alloc(0) });
const room = (...ids: string[]) => ({
  account: '123456789012',
  room: 'abc123DEF456',
  records: ids.map(record),
});
const windowMs = Date.UTC(2022, 9, 4, 7, 5, 59, 999);

test('a key has the form of the guide’s example, in UTC and with leading zeros', () => {
  const key = objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-0', '2-0'), windowMs);
  assert.match(
    key,
    /^AWSLogs\/123456789012\/IVSChatLogs\/1\.0\/us-west-2\/room_abc123DEF456\/2022\/10\/04\/07\/123456789012_IVSChatLogs_1\.0_us-west-2_room_abc123DEF456_20221004T0705Z_[0-9a-f]{8}\.log\.gz$/,
  );
});

test('the same records have the same key in every process', () => {
  const key = objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-0', '2-0', '3-0'), windowMs);
  assert.equal(key, objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-0', '2-0', '3-0'), windowMs));
  assert.match(key, /_10f1034e\.log\.gz$/);
});

test('another first or last record, or another configuration, makes another key', () => {
  const keys = [
    objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-0', '2-0'), windowMs),
    objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-0', '3-0'), windowMs),
    objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-1', '2-0'), windowMs),
    objectKey('us-west-2', 'CfgAbCdEfGhI', room('1-0'), windowMs),
    objectKey('us-west-2', 'CfgAbCdEfGhJ', room('1-0', '2-0'), windowMs),
  ];
  assert.equal(new Set(keys).size, keys.length);
});
