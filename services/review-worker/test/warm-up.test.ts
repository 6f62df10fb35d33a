import assert from 'node:assert/strict';
import { Server } from 'node:http';
import { test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { warmUp } from '../src/warm-up.ts';

const openSockets = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP'));

test('warming up ends by itself and leaves no connection open', async () => {
  const before = openSockets();
  await warmUp(openLog('test', 'silent'));
  await eventually(() => assert.deepEqual(openSockets(), before));
});

test('a worker that may not listen on loopback starts without having warmed up', async (t) => {
  t.mock.method(Server.prototype, 'listen', function (this: NodeJS.EventEmitter) {
    setImmediate(() => this.emit('error', new Error('not allowed')));
  });
  await warmUp(openLog('test', 'silent'));
});
