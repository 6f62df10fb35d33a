import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { needs } from '@roomstream/testing/tools';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Generator, type Report, startGenerator, type Viewer } from '../bench/generator.ts';
import { openStage } from '../src/stage.ts';

const clean = {
  missing: 0,
  doubled: 0,
  outOfOrder: 0,
  strayed: 0,
  overlapped: 0,
  refused: 0,
  unsendable: 0,
  errors: 0,
  closed: 0,
  failed: 0,
  tokensMissing: 0,
};

/** What a report says of faults. */
function faults(report: Report): Partial<Report> {
  return Object.fromEntries(Object.keys(clean).map((name) => [name, report[name as keyof Report]]));
}

describe('the load generator', { skip: needs('cc') }, () => {
  const closing: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  /** A chat server whose delivery to the n-th connection of a room a test may spoil. */
  async function startServer(deliver: (socket: WebSocket, texts: readonly string[], n: number) => void) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const rooms = new Map<string, WebSocket[]>();
    server.on('connection', (socket, request) => {
      const room = request.url ?? '';
      const members = rooms.get(room) ?? [];
      rooms.set(room, members);
      members.push(socket);
      let texts: string[] = [];
      socket.on('close', () => members.splice(members.indexOf(socket), 1));
      // Two at a time, so that there are two to swap.
      socket.on('message', (text: Buffer) => {
        texts.push(text.toString());
        if (texts.length < 2) return;
        for (const [n, member] of members.entries()) deliver(member, texts, n);
        texts = [];
      });
    });
    await eventually(() => server.address() !== null);
    closing.push(async () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    return { port: (server.address() as { port: number }).port, server };
  }

  async function generatorOn(port: number, viewers: readonly Viewer[]): Promise<Generator> {
    const generator = await startGenerator('plain', [{ host: '127.0.0.1', port }]);
    closing.push(() => generator.stop());
    generator.add(viewers);
    return generator;
  }

  const room = (number: number, listeners: number): Viewer[] => [
    { target: 0, room: number, group: 0, kind: 'sender' },
    ...Array.from(
      { length: listeners },
      () => ({ target: 0, room: number, group: 0, kind: 'listener' }) as const,
    ),
  ];

  /** Eight connections, 100 messages; connection 3 is delivered to by `spoil`. */
  async function reportOf(
    spoil: (socket: WebSocket, texts: readonly string[]) => void,
    waitSeconds = 0.5,
  ): Promise<Report> {
    const { port } = await startServer((socket, texts, n) => {
      if (n === 3) return spoil(socket, texts);
      for (const text of texts) socket.send(text);
    });
    const generator = await generatorOn(port, room(0, 7));
    assert.equal((await generator.open(0, 4)).open, 8);
    return generator.run({ seconds: 0.5, rates: [200], waitSeconds });
  }

  test('counts every delivery of a server that does its work once', async () => {
    const report = await reportOf(sendAll, 10);
    assert.deepEqual(faults(report), clean);
    assert.equal(report.sent, 100);
    assert.equal(report.delivered, 800);
    assert.equal(report.latencyMs[0]?.count, 800);
    assert.ok((report.latencyMs[0]?.p50 ?? 0) > 0);
    assert.ok((report.latencyMs[0]?.max ?? 0) >= (report.latencyMs[0]?.p99 ?? 0));
  });

  test('finds what one of eight connections misses, in the middle and at the end', async () => {
    let turn = 0;
    const report = await reportOf((socket, texts) => {
      // Of 50 pairs, every fifth loses its first message, and the last one both.
      turn++;
      if (turn === 50) return;
      for (const text of turn % 5 === 0 ? texts.slice(1) : texts) socket.send(text);
    });
    assert.deepEqual(faults(report), { ...clean, missing: 9 + 2 });
    assert.equal(report.delivered, 789);
  });

  test('finds doubles', async () => {
    const report = await reportOf((socket, texts) => sendAll(socket, [...texts, ...texts]), 10);
    assert.deepEqual(faults(report), { ...clean, doubled: report.doubled });
    // The run is over when the last message is there; its double may still be on the way.
    assert.ok(report.doubled >= 98 && report.doubled <= 100, `${report.doubled}`);
  });

  test('finds messages in the wrong order, and doesn’t take them for lost', async () => {
    const report = await reportOf((socket, texts) => sendAll(socket, texts.toReversed()), 10);
    assert.deepEqual(faults(report), { ...clean, outOfOrder: 50 });
    assert.equal(report.delivered, 800);
  });

  test('finds messages of another room', async () => {
    const report = await reportOf((socket, texts) =>
      sendAll(
        socket,
        texts.map((text) => text.replace('~0.', '~1.')),
      ),
    );
    assert.equal(report.strayed, 100);
    assert.equal(report.missing, 100);
  });

  test('reads frames that arrive in pieces, several in one read, and answers pings', async () => {
    let pongs = 0;
    const written = new Map<WebSocket, Promise<void>>();
    const { port, server } = await startServer((socket, texts) => {
      const { _socket: tcp } = socket as unknown as { _socket: import('node:net').Socket };
      tcp.setNoDelay(true);
      const bytes = Buffer.concat(texts.map((text) => frameOf(text)));
      // The first piece ends within the second frame's header or payload.
      const cut = frameOf(texts[0] ?? '').length + 1 + (texts[1]?.length ?? 0) / 2;
      const write = async () => {
        socket.ping();
        tcp.write(bytes.subarray(0, cut));
        await delay(2);
        tcp.write(bytes.subarray(cut));
      };
      // The pieces of one pair mustn't mix with those of the next, however late the timer is.
      written.set(socket, (written.get(socket) ?? Promise.resolve()).then(write));
    });
    server.on('connection', (socket) => socket.on('pong', () => pongs++));
    const generator = await generatorOn(port, room(0, 7));
    generator.setContentBytes(300);
    await generator.open(0, 8);
    const report = await generator.run({ seconds: 1, rates: [40], waitSeconds: 10 });
    assert.deepEqual(faults(report), clean);
    assert.equal(report.delivered, 320);
    await eventually(() => assert.equal(pongs, 160));
  });

  test('keeps groups apart, each with its own rate', async () => {
    const { port } = await startServer(sendAll);
    const quiet = room(1, 1).map((viewer) => ({ ...viewer, group: 1 }));
    const generator = await generatorOn(port, [...room(0, 9), ...quiet]);
    await generator.open(500, 2);
    const report = await generator.run({ seconds: 1, rates: [50, 10], waitSeconds: 10 });
    assert.deepEqual(faults(report), clean);
    assert.deepEqual(
      report.latencyMs.map(({ count }) => count),
      [500, 20],
    );
  });

  test('tells connections that the server cuts', async () => {
    const { port, server } = await startServer(() => {
      for (const socket of server.clients) socket.terminate();
    });
    const slow = { target: 0, room: 0, group: 0, kind: 'slow' } as const;
    const generator = await generatorOn(port, [...room(0, 3), slow]);
    assert.equal((await generator.open(0, 8)).open, 5);
    const report = await generator.run({ seconds: 0.5, rates: [20], waitSeconds: 0 });
    assert.ok(report.unsendable > 0);
    assert.deepEqual([report.closed, report.slowCut, report.open], [4, 1, 0]);
    assert.equal((await generator.open(0, 8)).open, 5);
  });

  test('at a real fleet every message reaches every connection of its room exactly once, while connections are replaced', async () => {
    const stage = await openStage({ accountQuotas: { requestsPerConnectionPerSecond: 1000 } });
    closing.push(() => stage.close());
    const targets = stage.fleet.gateways.map(({ port }) => ({ host: '127.0.0.1', port }));
    const generator = await startGenerator('ivs', targets);
    closing.push(() => generator.stop());
    for (const number of [0, 1]) {
      const arn = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
      for (let n = 0; n < 10; n++) {
        const kind = n === 0 ? 'sender' : 'listener';
        const tokens = await Promise.all(
          Array.from({ length: kind === 'sender' ? 1 : 4 }, () => stage.api.token(arn, `viewer-${n}`)),
        );
        generator.add([{ target: n % 2, room: number, group: 0, kind }], () => tokens);
      }
    }
    assert.deepEqual(await generator.open(0, 20).then(({ open, failed }) => [open, failed]), [20, 0]);
    const calm = await generator.run({ seconds: 2, rates: [40], waitSeconds: 20 });
    assert.deepEqual(faults(calm), clean);
    assert.deepEqual([calm.sent, calm.delivered], [80, 800]);
    const churn = await generator.run({ seconds: 4, rates: [40], waitSeconds: 20, replaceSeconds: 2 });
    assert.deepEqual(faults(churn), { ...clean, overlapped: churn.overlapped }, churn.lastError);
    assert.deepEqual([churn.delivered, churn.open], [1600, 20]);
    assert.ok(churn.replaced >= 34, `${churn.replaced}`);
  });
});

function sendAll(socket: WebSocket, texts: readonly string[]): void {
  for (const text of texts) socket.send(text);
}

/** A server's text frame of less than 64 KB. */
function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), Buffer.from(text)]);
}
