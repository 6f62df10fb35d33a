import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { durable } from '@roomstream/testing/redis-server';
import type { Client } from './client.ts';
import { account, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;

before(async () => {
  stage = await openStage({}, durable);
});
after(() => stage.close());

test('a reader that doesn’t read is cut and counted, while others get everything', async () => {
  const gateway = await stage.gateway({ ROOMSTREAM_GATEWAY_MAX_BACKPRESSURE_BYTES: '65536' });
  const room = await stage.room();
  const reader = await stage.client(gateway, room, 'reader');
  const token = await stage.token(room, 'sleeper');
  const sleeper = connect(gateway.port, '127.0.0.1', () => {
    sleeper.write(
      `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${token}\r\n\r\n`,
    );
  });
  sleeper.pause();
  await eventually(async () => (await metric(gateway, 'roomstream_concurrent_chat_connections')) === 2);
  let sent = 0;
  // The kernel buffers some megabytes before the gateway sees that nobody reads.
  await eventually(async () => {
    const body = JSON.stringify({
      Type: 'EVENT',
      Id: newId(),
      EventName: 'filler',
      Filler: 'x'.repeat(60_000),
    });
    await stage.bus.publish([{ kind: 'frame', account, room, id: newId(), body }]);
    sent++;
    return (await metric(gateway, 'roomstream_slow_readers_total')) > 0;
  }, 60_000);
  await eventually(async () => (await metric(gateway, 'roomstream_concurrent_chat_connections')) === 1);
  await eventually(() => reader.frames.length === sent);
  assert.equal(await metric(gateway, 'roomstream_slow_readers_total'), 1);
  assert.ok(reader.isOpen);
  sleeper.destroy();
});

/** Says something every few milliseconds, whatever comes back, until it is told to stop. */
async function chat(client: Client, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    client.say(`${i}`);
    await delay(50);
  }
}

test('Redis killed and restarted while 20 clients chat: nobody is disconnected, what a sender saw confirmed reaches all, once, in one order', async () => {
  const gateways = [await stage.gateway(), await stage.gateway()];
  const room = await stage.room({ maximumMessageRatePerSecond: 100_000 });
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, i) => stage.client(gateways[i % 2] ?? assert.fail(), room, `user-${i}`)),
  );
  const stop = new AbortController();
  const chats = Promise.all(clients.map((client) => chat(client, stop.signal)));
  const total = () => clients.reduce((sum, client) => sum + client.contents().length, 0);
  const more = (count: number) => {
    const before = total();
    return eventually(() => total() >= before + count, 30_000);
  };
  await more(2_000);
  await stage.redis.kill();
  await eventually(
    () => clients.some((client) => client.frames.some((frame) => frame.ErrorCode === 500)),
    30_000,
  );
  await stage.redis.restart();
  await more(2_000);
  stop.abort();
  await chats;
  const messages = (client: Client) => client.texts.filter((text) => text.startsWith('{"Type":"MESSAGE"'));
  await eventually(() => {
    const counts = clients.map((client) => messages(client).length);
    assert.equal(Math.min(...counts), Math.max(...counts));
    const last = clients.map((client) => messages(client).at(-1));
    assert.equal(new Set(last).size, 1);
  }, 30_000);
  const all = messages(clients[0] ?? assert.fail());
  for (const client of clients) {
    assert.deepEqual(messages(client), all);
    assert.ok(client.isOpen);
  }
  const ids = all.map((text) => (JSON.parse(text) as { Id: string }).Id);
  assert.equal(new Set(ids).size, ids.length);
});

test('handshakes that come while Redis is away wait for it', async () => {
  const gateway = await stage.gateway();
  const room = await stage.room();
  const tokens = await Promise.all(Array.from({ length: 10 }, (_, i) => stage.token(room, `user-${i}`)));
  await stage.redis.kill();
  const { Client } = await import('./client.ts');
  const connecting = Promise.all(tokens.map((token) => Client.connect(gateway.port, token)));
  await eventually(() => gateway.notReady().length > 0);
  await stage.redis.restart();
  const clients = await connecting;
  await eventually(() => gateway.notReady().length === 0);
  for (const client of clients) client.terminate();
});
