import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type ControlPlaneUnderTest, startUnderTest } from './control-plane-under-test.ts';

const megabyte = 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, 'a');

let plane: ControlPlaneUnderTest;

before(async () => {
  plane = await startUnderTest();
});
after(() => plane.stop());

const post = (header: string) => `POST /CreateRoom HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n`;
const announced = (bytes: number) => post(`content-length: ${bytes}`);
const chunked = post('transfer-encoding: chunked');

/** A connection that reads nothing before it is resumed. */
async function open(): Promise<Socket> {
  const { hostname, port } = new URL(plane.url);
  const socket = connect(Number(port), hostname).pause();
  await once(socket, 'connect');
  return socket;
}

/** Rejects when the connection is gone before the bytes are out. */
function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.write(bytes, (error) => (error ? reject(error) : resolve())),
  );
}

/** Everything that comes until the server ends the connection. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  socket.resume();
  await once(socket, 'end');
  return text;
}

/** The message of the one error that the server has answered with. */
function refusal(answer: string): string {
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /\r\nconnection: close\r\n/i);
  const [, body = ''] = answer.split('\r\n\r\n');
  const { message, reason } = JSON.parse(body);
  assert.equal(reason, 'OTHER');
  return message;
}

for (const megabytes of [1, 16]) {
  const bytes = megabytes * megabyte;

  test(`a client that writes all ${megabytes} MB of an announced body before it reads gets the refusal`, async () => {
    const socket = await open();
    await write(socket, announced(bytes));
    for (let sent = 0; sent < bytes; sent += chunk.length) await write(socket, chunk);
    assert.equal(refusal(await readAll(socket)), `The body has ${bytes} bytes, the limit is 262144`);
  });

  test(`a client that writes all ${megabytes} MB of a chunked body before it reads gets the refusal`, async () => {
    const socket = await open();
    await write(socket, chunked);
    for (let sent = 0; sent < bytes; sent += chunk.length) await write(socket, `10000\r\n${chunk}\r\n`);
    await write(socket, '0\r\n\r\n');
    assert.equal(refusal(await readAll(socket)), 'The body has more than the limit of 262144 bytes');
  });
}

test('a client that sends the rest of a refused body slowly gets the refusal at once and is cut off', async () => {
  for (const start of [announced(16 * megabyte), `${chunked}50000\r\n${'a'.repeat(0x50000)}\r\n`]) {
    const socket = await open();
    await write(socket, start);
    const isChunked = start.startsWith(chunked);
    const [answer] = (await once(socket.resume(), 'data')) as [Buffer];
    refusal(answer.toString());
    const answeredMs = performance.now();
    const trickle = setInterval(() => socket.write(isChunked ? '1\r\na\r\n' : 'a'), 50);
    socket.on('error', () => trickle.close());
    socket.once('close', () => trickle.close());
    await once(socket, 'close').catch(() => undefined);
    // Half the time that a whole request may take, which would end it too.
    assert.ok(performance.now() - answeredMs < 15_000);
  }
});

test('a client that sends the rest of a refused body without end is cut off', async () => {
  const socket = await open();
  socket.resume();
  const endless = async () => {
    await write(socket, chunked);
    for (;;) await write(socket, `10000\r\n${chunk}\r\n`);
  };
  await assert.rejects(Promise.race([endless(), once(socket, 'close')]), /EPIPE|ECONNRESET/);
});
