import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { durable, startRedis } from '@roomstream/testing/redis-server';
import { startChatter } from '../src/chatter.ts';
import { connectRaw, type RawClient } from '../src/raw-client.ts';
import { assertSameView } from '../src/room-view.ts';
import { openStageOn, type Stage } from '../src/stage.ts';

const restarts = 4;
let stage: Stage;

before(async () => {
  stage = await openStageOn(await startRedis(durable), { gateways: 3 });
});
after(() => stage?.close());

test('Redis killed and restarted while 20 clients chat: what was confirmed is received by all, once, in one order', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const clients: RawClient[] = await Promise.all(
    Array.from({ length: 20 }, async (_, n) =>
      connectRaw(stage.url(n % 3), await stage.api.token(room, `user-${n}`)),
    ),
  );
  for (const client of clients) t.after(client.socket.destroy);
  const pids = stage.fleet.gateways.map((gateway) => gateway.pid);
  const chatter = startChatter(clients, 200);
  for (let n = 0; n < restarts; n++) {
    const before = chatter.confirmed.length;
    await eventually(() => chatter.confirmed.length >= before + 40, 60_000);
    await stage.redis.kill();
    const errors = chatter.errors.length;
    // Messages of the outage are refused, not kept waiting.
    await eventually(() => chatter.errors.length >= errors + 5, 60_000);
    await stage.redis.restart();
  }
  const before = chatter.confirmed.length;
  await eventually(() => chatter.confirmed.length >= before + 40, 60_000);
  await chatter.stop();
  const last = await clients[0]?.say('the end');
  assert.equal(last?.Type, 'MESSAGE');
  for (const client of clients) await client.received((frame) => frame.Id === last?.Id, 30_000);
  assertSameView(clients, chatter.confirmed);
  assert.ok(chatter.errors.every((error) => error.ErrorCode === 500 || error.ErrorCode === 429));
  assert.ok(clients.every((client) => client.socket.isOpen()));
  assert.deepEqual(
    stage.fleet.gateways.map((gateway) => gateway.pid),
    pids,
  );
  assert.ok(stage.fleet.gateways.every((gateway) => gateway.isRunning()));
  t.diagnostic(
    `${chatter.confirmed.length} confirmed, ${chatter.errors.length} refused, longest wait ${Math.round(chatter.longestWaitMs())} ms`,
  );
});

test('while Redis is away no token lets anyone in, and after it is back each still works once', async (t) => {
  const room = await stage.api.createRoom();
  const token = await stage.api.token(room, 'patient');
  await stage.redis.kill();
  const refused = await connectRaw(stage.url(0), token).catch((error: Error) => error);
  assert.ok(refused instanceof Error, 'a token was accepted without being claimed');
  await stage.redis.restart();
  const client = await eventually(
    async () => connectRaw(stage.url(1), await stage.api.token(room, 'patient')),
    30_000,
  );
  t.after(client.socket.destroy);
  assert.equal((await eventually(() => client.say('back'), 30_000)).Type, 'MESSAGE');
});

test('a token used before Redis was killed and restarted is refused after it', async (t) => {
  const room = await stage.api.createRoom();
  const token = await stage.api.token(room, 'once');
  const client = await connectRaw(stage.url(0), token);
  t.after(client.socket.destroy);
  await stage.redis.kill();
  await stage.redis.restart();
  await eventually(async () => {
    const error = await connectRaw(stage.url(1), token).catch((reason: { status?: number }) => reason);
    assert.equal((error as { status?: number }).status, 401);
  }, 20_000);
});
