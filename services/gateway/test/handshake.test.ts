import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { Client, Refused, refusedHandshake } from './client.ts';
import { type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
let gateway: Gateway;
let other: Gateway;
let room: string;

before(async () => {
  stage = await openStage();
  gateway = await stage.gateway();
  other = await stage.gateway();
  room = await stage.room();
});
after(() => stage.close());

test('a token opens a connection and is echoed as the protocol, whatever path and query', async () => {
  for (const path of ['/', '/?x=1', '/chat/room?x=1&y=2']) {
    const token = await stage.token(room, 'ann');
    const client = await Client.connect(gateway.port, token, path);
    assert.equal(client.socket.protocol, token);
    client.terminate();
  }
});

test('handshakes without exactly one valid, unexpired, unused token of an existing room are refused, with JSON', async () => {
  const valid = () => stage.token(room, 'ann');
  const nowMs = stage.bus.clock.nowMs();
  const deleted = await stage.room();
  await stage.deleteRoom(deleted);
  const used = await valid();
  (await Client.connect(gateway.port, used)).terminate();
  const cases: [string, string | string[], number][] = [
    ['no token', [], 401],
    ['malformed', 'rubbish', 401],
    ['two tokens', [await valid(), await valid()], 401],
    ['a token and something else', [await valid(), 'chat'], 401],
    ['forged', `${(await valid()).slice(0, -4)}AAAA`, 401],
    ['expired', await stage.token(room, 'ann', { tokenExpiresMs: nowMs - 1 }), 401],
    ['of a session that is over', await stage.token(room, 'ann', { sessionExpiresMs: nowMs - 1 }), 401],
    ['used', used, 401],
    ['of a deleted room', await stage.token(deleted, 'ann'), 404],
    ['of a room that never was', await stage.token('ZZZZZZZZZZZZ', 'ann'), 404],
    [
      'of the room of another account',
      await stage.token(room, 'ann', { account: '111111111111', room: await stage.room() }),
      404,
    ],
  ];
  for (const [name, protocol, status] of cases) {
    const refused = await refusedHandshake(gateway.port, protocol);
    assert.equal(refused.status, status, name);
    assert.equal(refused.body.errorCode, status, name);
    assert.equal(typeof refused.body.message, 'string', name);
  }
});

test('a used token is refused by another gateway as well', async () => {
  const token = await stage.token(room, 'ann');
  (await Client.connect(gateway.port, token)).terminate();
  assert.equal((await refusedHandshake(other.port, token)).status, 401);
});

test('of two gateways that get the same token at the same instant exactly one lets it in, 100 times', async () => {
  for (let i = 0; i < 100; i++) {
    const token = await stage.token(room, 'racer');
    const outcomes = await Promise.allSettled(
      [gateway, other].map(({ port }) => Client.connect(port, token)),
    );
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const winner of winners) winner.terminate();
    assert.equal(winners.length, 1, `race ${i}`);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      assert.ok(
        outcome.reason instanceof Refused && outcome.reason.status === 401,
        `race ${i}: ${outcome.reason}`,
      );
    }
  }
});

/** Sends the pieces of a request one by one, waiting until each is on its way; resolves with the first line of the answer. */
async function raw(port: number, pieces: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  const arrived = () => answer.includes('\r\n') || socket.destroyed;
  for (const piece of pieces) {
    await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    // Lets the server read this piece by itself: what it does with parts of a header is what is tested.
    for (let i = 0; i < 20 && !arrived(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually(arrived);
  socket.destroy();
  return answer.slice(0, answer.indexOf('\r\n'));
}

function upgradeRequest(headers: Readonly<Record<string, string>>): string {
  const all = {
    Host: '127.0.0.1',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET / HTTP/1.1\r\n${lines.join('')}\r\n`;
}

test('a token with 1 KB of attributes fits, though its header comes in two segments', async () => {
  const attributes = { a: 'x'.repeat(511), b: 'y'.repeat(511) };
  const text = upgradeRequest({
    'Sec-WebSocket-Protocol': await stage.token(room, 'u'.repeat(128), { attributes }),
  });
  const middle = Math.floor(text.length / 2);
  assert.equal(
    await raw(gateway.port, [text.slice(0, middle), text.slice(middle)]),
    'HTTP/1.1 101 Switching Protocols',
  );
});

test('a header of 17 KB gets 431', async () => {
  const text = upgradeRequest({
    'Sec-WebSocket-Protocol': await stage.token(room, 'ann'),
    Cookie: 'c'.repeat(17 * 1024),
  });
  const pieces = Array.from({ length: 5 }, (_, i) => text.slice(i * 4096, (i + 1) * 4096));
  assert.match(await raw(gateway.port, pieces), /^HTTP\/1\.1 431 /);
});

test('plain HTTP is told what belongs here', async () => {
  const get = await fetch(`http://127.0.0.1:${gateway.port}/?x=1`);
  assert.equal(get.status, 426);
  assert.equal(((await get.json()) as { errorCode: number }).errorCode, 426);
  const post = await fetch(`http://127.0.0.1:${gateway.port}/`, { method: 'POST', body: 'x' });
  assert.equal(post.status, 404);
});

test('outcomes and connections are counted', async () => {
  const counting = await stage.gateway();
  const client = await stage.client(counting, room, 'ann');
  await refusedHandshake(counting.port, 'rubbish');
  assert.equal(await metric(counting, 'roomstream_handshakes_total', { outcome: 'admitted' }), 1);
  assert.equal(await metric(counting, 'roomstream_handshakes_total', { outcome: 'invalid_token' }), 1);
  assert.equal(await metric(counting, 'roomstream_concurrent_chat_connections'), 1);
  client.terminate();
  await eventually(async () => (await metric(counting, 'roomstream_concurrent_chat_connections')) === 0);
  // It stays a little longer: who comes back at once asks for his old connection there.
  await eventually(async () => (await metric(counting, 'roomstream_gateway_rooms')) === 0);
});

test('a port that is taken is told plainly', async () => {
  await assert.rejects(stage.gateway({ ROOMSTREAM_GATEWAY_PORT: `${gateway.port}` }), {
    message: new RegExp(`can't listen on 127.0.0.1:${gateway.port}: the port is taken`),
  });
});
