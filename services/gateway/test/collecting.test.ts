import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Entry } from '@roomstream/bus/entry';
import { noAttributes } from '@roomstream/protocol/attributes';
import { encodeEvent, encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { sleep } from '@roomstream/runtime/backoff';
import { eventually } from '@roomstream/testing/eventually';
import type { Client } from './client.ts';
import { account, type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
let gateway: Gateway;

before(async () => {
  // So long that some ten connections make a busy room.
  stage = await openStage({
    ROOMSTREAM_GATEWAY_MOST_COLLECTING_MS: '200',
    // Users are dropped and come again: here they are others each time.
    ROOMSTREAM_RECOVERY_WINDOW_SECONDS: '0',
  });
  gateway = await stage.gateway();
});
after(() => stage.close());

const sender = encodeSender('publisher', noAttributes);

function message(room: string, content: string): Entry {
  const id = newId();
  const frame = { id, requestId: undefined, attributes: noAttributes, content, sendTimeMs: 0, sender };
  return { kind: 'frame', account, room, id, body: encodeMessage(frame) };
}

/** Says 0, 1, 2, .. about once a millisecond until it is told to stop; then resolves with how many. */
function chatter(room: string) {
  let isOver = false;
  let said = 0;
  let confirmed = 0;
  const run = async () => {
    while (!isOver) {
      const published = stage.bus.publish([message(room, `${said++}`)]).then(({ kind }) => {
        assert.equal(kind, 'published');
        confirmed++;
      });
      await (said % 50 === 0 ? published : sleep(1));
    }
    await eventually(() => confirmed === said);
    return said;
  };
  const running = run();
  return {
    get said() {
      return said;
    },
    get confirmed() {
      return confirmed;
    },
    stop: () => {
      isOver = true;
      return running;
    },
  };
}

function numbers(client: Client): number[] {
  return client.contents().map(Number);
}

/** Everyone in the room until `end` is, in one order, without loss or doubles. */
function assertRow(got: readonly number[], first: number, last: number): void {
  assert.deepEqual(
    got,
    Array.from({ length: last - first + 1 }, (_, n) => first + n),
  );
}

async function manyClients(room: string, count: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => stage.client(gateway, room, `u${n}`)));
}

const batched = () => metric(gateway, 'roomstream_fanout_collecting_seconds');

test('who comes and goes at full speed gets everything from when it was let in, once, in order', async () => {
  const room = await stage.room();
  const staying = await manyClients(room, 10);
  const chat = chatter(room);
  const batchedBefore = await batched();
  for (let round = 0; round < 40; round++) {
    const { confirmed } = chat;
    const client = await stage.client(gateway, room, `guest${round}`);
    const { said } = chat;
    await client.frame((frame) => Number(frame.Content) > said);
    const got = numbers(client);
    const [first = -1] = got;
    // The entries of a turn are confirmed before they are pushed to the gateway, at most by what is on its way.
    assert.ok(first >= confirmed - 50 && first <= said, `${confirmed} <= ${first} <= ${said}`);
    assertRow(got, first, first + got.length - 1);
    client.terminate();
  }
  const count = await chat.stop();
  for (const client of staying) {
    await client.frame((frame) => frame.Content === `${count - 1}`);
    assertRow(numbers(client), 0, count - 1);
    client.terminate();
  }
  assert.ok((await batched()) > batchedBefore, 'nothing was collected: the test shows nothing');
  assert.ok((await metric(gateway, 'roomstream_fanout_batch_frames')) > 0);
});

test('a refresh at full speed brings what was said while it waited, once, in order', async () => {
  const room = await stage.room();
  const staying = await manyClients(room, 10);
  const chat = chatter(room);
  for (let round = 0; round < 5; round++) {
    const { said } = chat;
    const client = await stage.client(gateway, room, 'u0');
    const saidAtOpen = chat.said;
    await client.frame((frame) => Number(frame.Content) > saidAtOpen);
    const got = numbers(client);
    const [first = -1] = got;
    assert.ok(first < saidAtOpen && first >= said - 50, `${said} ${first} ${saidAtOpen}`);
    assertRow(got, first, first + got.length - 1);
    client.terminate();
  }
  const count = await chat.stop();
  for (const client of staying) {
    await client.frame((frame) => frame.Content === `${count - 1}`);
    client.terminate();
  }
});

test('DISCONNECT_USER at full speed closes with 1000 after everything said before and its event', async () => {
  const room = await stage.room();
  const clients = await manyClients(room, 10);
  const chat = chatter(room);
  for (const [n, client] of clients.slice(1).entries()) {
    await client.frame((frame) => Number(frame.Content) > 0);
    const id = newId();
    const attributes = { userId: `u${n + 1}` };
    const event = { id, requestId: undefined, eventName: 'aws:DISCONNECT_USER', attributes, sendTimeMs: 0 };
    await stage.bus.publish([
      { kind: 'frame', account, room, id, body: encodeEvent(event) },
      { kind: 'disconnect', account, room, id, body: `u${n + 1}` },
    ]);
    assert.equal(await client.closed(), 1000);
    assert.equal(client.frames.at(-1)?.EventName, 'aws:DISCONNECT_USER');
    assert.equal(client.frames.at(-1)?.Id, id);
    const got = numbers(client);
    assertRow(got, got[0] ?? -1, (got[0] ?? 0) + got.length - 1);
  }
  await chat.stop();
  clients[0]?.terminate();
});

test('the end of a session at full speed comes after what was said before, and what is said until the drop after it', async () => {
  const room = await stage.room();
  const clients = await manyClients(room, 10);
  const chat = chatter(room);
  const ending = await stage.client(gateway, room, 'ending', {
    sessionExpiresMs: stage.bus.clock.nowMs() + 1_500,
  });
  assert.equal(await ending.closed(), 1006);
  const told = ending.frames.findIndex((frame) => frame.ErrorCode === 401);
  assert.ok(told > 0);
  assert.equal(ending.frames.filter((frame) => frame.Type === 'ERROR').length, 1);
  const got = numbers(ending);
  assertRow(got, got[0] ?? -1, (got[0] ?? 0) + got.length - 1);
  await chat.stop();
  for (const client of clients) client.terminate();
});

test('a room that empties and fills again at full speed brings nothing from before', async () => {
  const room = await stage.room();
  const chat = chatter(room);
  let latest = -1;
  for (let round = 0; round < 10; round++) {
    const clients = await manyClients(room, 10);
    for (const client of clients) {
      await client.frame((frame) => Number(frame.Content) > latest + 20);
      const got = numbers(client);
      assertRow(got, got[0] ?? -1, (got[0] ?? 0) + got.length - 1);
    }
    const [first = -1] = numbers(clients[0] as Client);
    assert.ok(first > latest, `${first} after ${latest}`);
    latest = Math.max(...clients.map((client) => numbers(client).at(-1) ?? -1));
    for (const client of clients) client.terminate();
    await eventually(async () => (await metric(gateway, 'roomstream_concurrent_chat_connections')) === 0);
  }
  await chat.stop();
});

test('a reader that doesn’t read is cut at full speed too, while others get everything in order', async () => {
  const cutting = await stage.gateway({ ROOMSTREAM_GATEWAY_MAX_BACKPRESSURE_BYTES: '65536' });
  const room = await stage.room();
  const readers = await Promise.all(
    Array.from({ length: 9 }, (_, n) => stage.client(cutting, room, `u${n}`)),
  );
  const sleeper = await stage.client(cutting, room, 'sleeper');
  sleeper.socket.pause();
  const filler = 'x'.repeat(8_000);
  let said = 0;
  // The kernel buffers some megabytes before the gateway sees that nobody reads.
  await eventually(async () => {
    const burst = Array.from({ length: 20 }, () => message(room, `${said++} ${filler}`));
    await Promise.all(burst.map((entry) => stage.bus.publish([entry])));
    return (await metric(cutting, 'roomstream_slow_readers_total')) > 0;
  }, 60_000);
  await eventually(async () => (await metric(cutting, 'roomstream_concurrent_chat_connections')) === 9);
  for (const reader of readers) {
    await eventually(() => reader.frames.length === said);
    const got = reader.contents().map((content) => Number(content.split(' ')[0]));
    assertRow(got, 0, said - 1);
    assert.ok(reader.isOpen);
    reader.terminate();
  }
  sleeper.terminate();
  assert.ok((await metric(cutting, 'roomstream_fanout_batch_frames')) > 0);
});
