import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { startUnderTest } from './control-plane-under-test.ts';
import { rawRequest } from './raw-request.ts';

// The test's client would ask for a close by itself.
const keepAlive = { connection: 'keep-alive' };
const createRoom = { path: '/CreateRoom', body: '{}', user: 'test', headers: keepAlive };

test('a call that runs when the control plane is stopped is finished, and whoever stops it waits for that', async (t) => {
  const plane = await startUnderTest();
  t.after(() => plane.stop());
  const headers = { ...keepAlive, expect: '100-continue', 'content-length': 2 };
  const call = request(`${plane.url}/CreateRoom`, { method: 'POST', headers, agent: false });
  const answered = once(call, 'response') as Promise<[IncomingMessage]>;
  call.flushHeaders();
  await once(call, 'continue');
  const order: string[] = [];
  const stops = [plane.service.stop(), plane.service.stop()].map((stop) =>
    stop.then(() => order.push('stopped')),
  );
  assert.ok(plane.service.notReady().includes('stopping'));
  call.end('{}');
  const [answer] = await answered;
  order.push('answered');
  // Nobody has signed it.
  assert.deepEqual([answer.statusCode, answer.headers['connection']], [403, 'close']);
  answer.resume();
  await Promise.all(stops);
  assert.deepEqual(order, ['answered', 'stopped', 'stopped']);
});

test('with a delay it takes calls after SIGTERM, asking callers to leave, until the delay is over', async (t) => {
  const plane = await startUnderTest({ env: { ROOMSTREAM_CONTROL_PLANE_STOP_DELAY_SECONDS: '3' } });
  t.after(() => plane.stop());
  assert.equal((await rawRequest(plane.url, createRoom)).headers['connection'], 'keep-alive');
  const stopped = plane.service.stop();
  assert.ok(plane.service.notReady().includes('stopping'));
  const answer = await rawRequest(plane.url, createRoom);
  assert.deepEqual([answer.status, answer.headers['connection']], [200, 'close']);
  await stopped;
  await assert.rejects(rawRequest(plane.url, createRoom), /ECONNREFUSED/);
});
