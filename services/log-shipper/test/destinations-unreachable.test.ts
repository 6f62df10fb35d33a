import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '@roomstream/testing/free-port';
import { allAt, aRoom, configuration, kinds, open, patience } from './destinations-fixtures.ts';

for (const to of [
  { s3: { bucketName: 'chat-logs' } },
  { cloudWatchLogs: { logGroupName: '/chat/logs' } },
  { firehose: { deliveryStreamName: 'chat-logs' } },
]) {
  const [name = ''] = Object.keys(to);
  test(`${name}: a refused connection is unreachable, and a signal that has aborted asks nobody`, async (t) => {
    const destination = open(t, allAt(`http://127.0.0.1:${await freePort()}`)).of(configuration(to));
    const rooms = [aRoom('RoomAAAAAAAA', 3)];
    assert.deepEqual(kinds(await destination.deliver(rooms, 0, patience())), ['unreachable']);
    assert.deepEqual(kinds(await destination.deliver(rooms, 0, AbortSignal.abort())), ['timeout']);
  });
}
