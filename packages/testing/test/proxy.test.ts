import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../src/eventually.ts';
import { type FaultProxy, startProxy } from '../src/proxy.ts';

describe('the proxy', () => {
  let echo: Server;
  let received = '';
  let proxy: FaultProxy;
  before(async () => {
    echo = createServer((socket) => {
      socket.on('data', (bytes) => {
        received += bytes;
      });
      socket.on('error', () => undefined).pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await startProxy({ port: (echo.address() as AddressInfo).port });
  });
  after(async () => {
    await proxy.close();
    echo.close();
  });

  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    const seen = { text: '', isClosed: false };
    socket.on('error', () => undefined).on('close', () => Object.assign(seen, { isClosed: true }));
    socket.on('data', (bytes) => Object.assign(seen, { text: seen.text + bytes }));
    await once(socket, 'connect');
    return { socket, seen };
  };
  const echoes = (socket: Socket, seen: { text: string }, text: string) => {
    socket.write(text);
    return eventually(() => assert.ok(seen.text.endsWith(text)));
  };

  it('passes bytes on in both directions, and the end of a connection', async () => {
    const { socket, seen } = await open();
    await echoes(socket, seen, 'hello');
    socket.end();
    await eventually(() => seen.isClosed);
  });

  it('drops open connections when cut and serves new ones', async () => {
    const first = await open();
    await echoes(first.socket, first.seen, 'x');
    proxy.cut();
    await eventually(() => first.seen.isClosed);
    const second = await open();
    await echoes(second.socket, second.seen, 'y');
    second.socket.destroy();
  });

  it('holds bytes back with the connection open while frozen, and delivers them when healed', async () => {
    received = '';
    const { socket, seen } = await open();
    await echoes(socket, seen, 'a');
    proxy.freeze('to-client');
    socket.write('b');
    await eventually(() => assert.equal(received, 'ab'));
    assert.equal(seen.text, 'a');
    proxy.heal();
    await eventually(() => assert.equal(seen.text, 'ab'));
    socket.destroy();
  });

  it('delivers later but in order while delaying', async () => {
    const { socket, seen } = await open();
    proxy.delay(40, 30);
    const begun = performance.now();
    for (const digit of '0123456789') socket.write(digit);
    await eventually(() => assert.equal(seen.text, '0123456789'));
    proxy.heal();
    assert.ok(performance.now() - begun >= 20);
    socket.destroy();
  });

  it('resets new connections while it refuses', async () => {
    proxy.refuse();
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    await eventually(() => socket.closed);
    proxy.heal();
    const next = await open();
    await echoes(next.socket, next.seen, 'z');
    next.socket.destroy();
  });
});
