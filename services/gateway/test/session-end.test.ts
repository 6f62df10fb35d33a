import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
let gateway: Gateway;

before(async () => {
  stage = await openStage();
  gateway = await stage.gateway();
});
after(() => stage.close());

test('at its end a session gets ERROR 401 and is then dropped without a close frame; others stay', async () => {
  const room = await stage.room();
  const ending = await stage.client(gateway, room, 'ann', {
    sessionExpiresMs: stage.bus.clock.nowMs() + 1_500,
  });
  const staying = await stage.client(gateway, room, 'ann');
  assert.equal((await ending.answer(ending.say('in time'))).Type, 'MESSAGE');
  const error = await ending.frame((frame) => frame.Type === 'ERROR');
  assert.equal(error.ErrorCode, 401);
  assert.ok(stage.bus.clock.nowMs() >= 0);
  assert.equal(await ending.closed(), 1006, 'a close frame would keep official clients away');
  assert.equal((await staying.answer(staying.say('still here'))).Type, 'MESSAGE');
  assert.equal(await metric(gateway, 'roomstream_sessions_ended_total'), 1);
});

test('a drain admits for a while, then sends all away in rounds with ERROR 401 and drops what is left', async () => {
  const draining = await stage.gateway({
    ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '1',
    ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '1',
    ROOMSTREAM_GATEWAY_DRAIN_ROUND_MS: '250',
  });
  const room = await stage.room();
  const clients = await Promise.all(
    Array.from({ length: 8 }, (_, i) => stage.client(draining, room, `u${i}`)),
  );
  assert.deepEqual(draining.notReady(), []);
  const stopped = draining.stop();
  assert.ok(draining.notReady().includes('draining'));
  clients.push(await stage.client(draining, room, 'late but admitted'));
  const spoken = await clients[0]?.answer(clients[0].say('while draining'));
  assert.equal(spoken?.Type, 'MESSAGE');
  await clients[0]?.frame((frame) => frame.ErrorCode === 401).catch(() => undefined);
  // At least one connection is still there for as long as rounds go on: so is the port, and it says 503.
  await eventually(() => clients.some((client) => client.frames.some((frame) => frame.ErrorCode === 401)));
  await assert.rejects(stage.client(draining, room, 'too late'), { status: 503 });
  for (const client of clients) {
    await client.frame((frame) => frame.ErrorCode === 401);
    assert.equal(await client.closed(), 1006);
  }
  await stopped;
  assert.equal(await metric(draining, 'roomstream_drain_rounds_total'), 4);
  assert.equal(await metric(draining, 'roomstream_drained_connections_total'), 9);
  await assert.rejects(stage.client(draining, room, 'closed'), { code: 'ECONNREFUSED' });
});

test('an idle connection that answers pings stays, one that doesn’t is dropped', async () => {
  const pinging = await stage.gateway({ ROOMSTREAM_GATEWAY_IDLE_TIMEOUT_SECONDS: '8' });
  const room = await stage.room();
  const [alive, dead] = [
    await stage.client(pinging, room, 'alive'),
    await stage.client(pinging, room, 'dead'),
  ];
  let pings = 0;
  alive.socket.on('ping', () => pings++);
  // Reads nothing any more, so it answers no ping.
  dead.socket.pause();
  await eventually(
    async () => (await metric(pinging, 'roomstream_concurrent_chat_connections')) === 1,
    30_000,
  );
  assert.ok(alive.isOpen);
  await eventually(() => pings > 0);
});
