import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { explainLoadFailure } from './load-failure.ts';
import { type Connection, openTransport, type TransportEvents } from './transport.ts';

const options = {
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  idleTimeoutSeconds: 60,
  sendsPings: true,
  maxBackpressureBytes: 1024 * 1024,
  sharesPort: false,
};

const events: TransportEvents = {
  onHandshake: (handshake) => handshake.refuse(503, 'no'),
  onOpen: () => undefined,
  onFrame: () => undefined,
  onClose: () => undefined,
  onPong: () => undefined,
  onDropped: () => undefined,
};

function request(connection: string): string {
  return `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: ${connection}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: t\r\n\r\n`;
}

test('everything is safe on a connection that was never opened or has been closed', async () => {
  const closed: number[] = [];
  const opened: Connection[] = [];
  const transport = await openTransport(options, {
    ...events,
    onHandshake: (handshake) => setImmediate(() => handshake.accept({ socket: undefined })),
    onOpen: (connection) => void opened.push(connection),
    onClose: (_connection, code) => void closed.push(code),
  });
  const use = (connection: Connection) => {
    transport.send(connection, 'x');
    transport.subscribe(connection, 'room');
    transport.end(connection, 1000);
    transport.drop(connection);
  };
  use({ socket: undefined });
  const client = connect(transport.port, '127.0.0.1', () => client.write(request('Upgrade')));
  const connection = await eventually(() => opened[0] ?? assert.fail('not opened yet'));
  transport.drop(connection);
  use(connection);
  assert.deepEqual(closed, [1006]);
  client.destroy();
  transport.close();
});

test('an upgrade that the library closes at once (here because the request says so) is told as not open, with no events', async () => {
  const outcomes: boolean[] = [];
  const told: string[] = [];
  const transport = await openTransport(options, {
    ...events,
    onHandshake: (handshake) => setImmediate(() => outcomes.push(handshake.accept({ socket: undefined }))),
    onOpen: () => void told.push('open'),
    onClose: () => void told.push('close'),
  });
  const client = connect(transport.port, '127.0.0.1', () => client.write(request('close')));
  client.resume();
  await eventually(() => client.closed);
  assert.deepEqual([outcomes, told], [[false], []]);
  transport.close();
});

test('a handshake whose client has gone is neither accepted nor answered, however often', async () => {
  const outcomes: boolean[] = [];
  const transport = await openTransport(options, {
    ...events,
    onHandshake: (handshake) => {
      void eventually(() => handshake.isGone).then(() => {
        handshake.refuse(503, 'no');
        outcomes.push(handshake.accept({ socket: undefined }));
      });
    },
  });
  const client = connect(transport.port, '127.0.0.1', () =>
    client.write(request('Upgrade'), () => client.destroy()),
  );
  await eventually(() => outcomes.length === 1);
  assert.deepEqual(outcomes, [false]);
  transport.close();
});

test('when the library has no binary for this Node, the message says which Node and glibc it needs', () => {
  assert.match(
    explainLoadFailure('v22.1.0', '2.36'),
    /Node v22\.1\.0 on .*, glibc 2\.36: it needs Node 20 .*or Node 22 or 24 \(glibc 2\.38/,
  );
});

test('all lines of X-Forwarded-For are seen, and the address of the peer', async () => {
  const seen: string[] = [];
  const transport = await openTransport(options, {
    ...events,
    onHandshake: (handshake) => {
      seen.push(handshake.peer, handshake.forwardedFor);
      handshake.refuse(401, 'no');
    },
  });
  const lines = 'X-Forwarded-For: 1.1.1.1\r\nX-Other: x\r\nX-Forwarded-For: 2.2.2.2, 3.3.3.3\r\n\r\n';
  const text = request('Upgrade').replace(/\r\n$/, lines);
  const client = connect(transport.port, '127.0.0.1', () => client.write(text));
  client.resume();
  await eventually(() => client.closed);
  assert.deepEqual(seen, ['127.0.0.1', '1.1.1.1,2.2.2.2, 3.3.3.3']);
  transport.close();
});
