import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { WebSocketServer } from 'ws';
import { HandshakeRefused, openFrameSocket } from './frame-socket.ts';
import { opcode } from './web-socket-frames.ts';

/** An echo server by another hand than ours; the token `no` is refused. */
const http = createServer();
const echo = new WebSocketServer({
  server: http,
  verifyClient: ({ req }, answer) => answer(req.headers['sec-websocket-protocol'] !== 'no', 401, 'not you'),
});
let url = '';

before(async () => {
  echo.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      if (data.toString() === 'goodbye') socket.close(1000);
      else if (data.toString() === 'drop') socket.terminate();
      else socket.send(data, { binary: isBinary });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
after(() => {
  for (const client of echo.clients) client.terminate();
  http.close();
});

test('texts of every length class come back as they were sent', async (t) => {
  const texts: string[] = [];
  const socket = await openFrameSocket(url, 'token', { onText: (payload) => texts.push(payload.toString()) });
  t.after(socket.destroy);
  assert.equal(socket.answer.get('sec-websocket-protocol'), 'token');
  const sent = ['', 'ä', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(65_535), 'x'.repeat(200_000)];
  for (const text of sent) socket.sendText(text);
  await eventually(() => assert.deepEqual(texts, sent));
});

test('a text in fragments arrives whole and a ping is answered', async (t) => {
  const texts: string[] = [];
  const pongs: string[] = [];
  const socket = await openFrameSocket(url, 'token', {
    onText: (payload) => texts.push(payload.toString()),
    onPong: (payload) => pongs.push(payload.toString()),
    handshakePiece: 7,
  });
  t.after(socket.destroy);
  socket.send(opcode.text, Buffer.from('in '), false);
  socket.send(opcode.ping, Buffer.from('?'));
  socket.send(opcode.continuation, Buffer.from('pieces'));
  await eventually(() => assert.deepEqual([texts, pongs], [['in pieces'], ['?']]));
});

test('a ping is answered unless the test says no, and the path of the URL is asked for', async (t) => {
  const asked = new Promise<string>((resolve) =>
    echo.once('connection', (_, { url: path = '' }) => resolve(path)),
  );
  const pings: string[] = [];
  const socket = await openFrameSocket(`${url}/some/path?history=5`, 'token', {
    onPing: (payload) => pings.push(payload.toString()) > 1,
  });
  t.after(socket.destroy);
  assert.equal(await asked, '/some/path?history=5');
  const [client] = echo.clients;
  assert.ok(client !== undefined);
  const pongs: string[] = [];
  client.on('pong', (payload) => pongs.push(payload.toString()));
  client.ping('one');
  client.ping('two');
  await eventually(() => assert.deepEqual([pings, pongs], [['one', 'two'], ['two']]));
});

test('the end tells a close frame from a drop, and a refusal its status', async () => {
  const polite = await openFrameSocket(url, 'token');
  polite.sendText('goodbye');
  assert.deepEqual(await polite.ended, { code: 1000 });
  const rude = await openFrameSocket(url, 'token');
  rude.sendText('drop');
  assert.deepEqual(await rude.ended, { code: undefined });
  const refused = await openFrameSocket(url, 'no').catch((error: unknown) => error);
  assert.ok(refused instanceof HandshakeRefused);
  assert.equal(refused.status, 401);
});
