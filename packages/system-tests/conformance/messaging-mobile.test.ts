/**
 * What the guide's chapters on the Android and iOS clients (with their Kotlin tutorials), on React Native and on plain
 * WebSockets ask of the server beyond what the JavaScript client does. The mobile clients themselves aren't published
 * where this repository can get them, so each demand stands here as raw frames:
 *
 *  1. iOS decodes dates as ISO 8601 with fractional seconds only (`preciseISO8601`): expirations and every SendTime
 *     carry them, on whole seconds too.
 *  2. iOS `perform(request:)` returns with the model of the request's own kind whose RequestId is the request's:
 *     MESSAGE, `aws:DELETE_MESSAGE`, `aws:DISCONNECT_USER`; and it throws on an ERROR with that RequestId. All three
 *     hand RequestId back unchanged, whatever it contains.
 *  3. Requests of typed languages have optional parts that are nil: a field that is null counts as absent.
 *  4. The plain WebSocket example sends no RequestId and then reads `Sender.Attributes.DisplayName` unconditionally:
 *     Sender.Attributes and Attributes are there even when empty; RequestId isn't.
 *  5. That example also sends an object that JavaScript turns into `[object Object]`: ERROR 400, the connection lives.
 *  6. Error handling switches over whole-number codes and shows ErrorMessage to the user.
 *  7. iOS reads `deleteEvent.messageID`, old clients `MessageID`: both spellings, the same value, also without Reason.
 *  8. Kotlin's list is sorted by `sendTime`, and a later message is put behind all that aren't later: SendTime follows
 *     the order in which everybody gets the messages ("when the message was received", so crossing ones may differ by
 *     the moment between receipt and delivery).
 *  9. Android connects in onResume and disconnects in onPause: the same user comes and goes quickly, each time with a
 *     new token, and the old connection is said goodbye to with 1000.
 * 10. A backgrounded application's WebSocket "will stop working after a short time": its silence harms nobody else, and
 *     the user's new connection is welcome beside the dead one.
 * 11. Android tells the disconnected user, too (`onUserDisconnected`, then `onDisconnected`): the event comes to him
 *     before the close frame.
 * 12. The tutorials' users are called "test user id": UserId is free text, in Sender and in DISCONNECT_USER.
 * 13. Their platforms' WebSockets (OkHttp, URLSession, SocketRocket) offer permessage-deflate, write headers in their
 *     own case, ping, and may send a text in fragments. The guide takes that for granted.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { connectRaw, type RawClient } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { opcode } from '../src/web-socket-frames.ts';

let stage: Stage;

before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

type TestContext = { after(fn: () => void): void };

async function join(t: TestContext, room: string, userId: string, gateway = 0): Promise<RawClient> {
  const client = await connectRaw(stage.url(gateway), await stage.api.token(room, userId));
  t.after(client.socket.destroy);
  return client;
}

const precise = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('1: SendTime and the token’s expirations always have fractional seconds', async (t) => {
  const room = await stage.api.createRoom();
  const bodies: string[] = [];
  stage.api.client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { body } = result.response as { body: AsyncIterable<Buffer> };
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk);
      bodies.push(Buffer.concat(chunks).toString());
      throw new Error('only the body was wanted');
    },
    { step: 'deserialize', name: 'readBody', priority: 'low' },
  );
  await stage.api.token(room, 'ann').catch(() => undefined);
  stage.api.client.middlewareStack.remove('readBody');
  const answer = JSON.parse(bodies[0] ?? '{}') as Record<string, string>;
  assert.match(answer['tokenExpirationTime'] ?? '', precise);
  assert.match(answer['sessionExpirationTime'] ?? '', precise);
  const client = await join(t, room, 'ann');
  assert.match((await client.say('now')).SendTime ?? '', precise);
  await stage.api.client.sendEvent({ roomIdentifier: room, eventName: 'tick' });
  assert.match((await client.received((frame) => frame.EventName === 'tick')).SendTime ?? '', precise);
});

test('2: each request is answered by the frame of its kind with its RequestId, unchanged', async (t) => {
  const room = await stage.api.createRoom();
  const client = await join(t, room, 'ann');
  const RequestId = 'Käse/🧀"\\ 0';
  client.socket.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'a', RequestId }));
  const message = await client.received((frame) => frame.RequestId === RequestId);
  assert.equal(message.Type, 'MESSAGE');
  const deletion = await client.request({ Action: 'DELETE_MESSAGE', Id: message.Id });
  assert.deepEqual([deletion.Type, deletion.EventName], ['EVENT', 'aws:DELETE_MESSAGE']);
  const farewell = await client.request({ Action: 'DISCONNECT_USER', UserId: 'nobody' });
  assert.deepEqual([farewell.Type, farewell.EventName], ['EVENT', 'aws:DISCONNECT_USER']);
  const error = await client.request({ Action: 'SEND_MESSAGE' });
  assert.deepEqual([error.Type, error.ErrorCode], ['ERROR', 400]);
});

test('3: an optional field that is null counts as absent', async (t) => {
  const room = await stage.api.createRoom();
  const client = await join(t, room, 'ann');
  const message = await client.request({ Action: 'SEND_MESSAGE', Content: 'a', Attributes: null });
  assert.deepEqual(message.Attributes, {});
  const deletion = await client.request({ Action: 'DELETE_MESSAGE', Id: message.Id, Reason: null });
  assert.equal(deletion.Attributes?.['Reason'], undefined);
  client.socket.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'no id', RequestId: null }));
  const silent = await client.received((frame) => frame.Content === 'no id');
  assert.ok(!('RequestId' in silent));
});

test('4: Attributes and Sender.Attributes are there even when empty, and RequestId isn’t when not given', async (t) => {
  const room = await stage.api.createRoom();
  const client = await join(t, room, 'ann');
  client.socket.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'text message' }));
  const message = await client.received((frame) => frame.Content === 'text message');
  assert.deepEqual(message.Sender, { UserId: 'ann', Attributes: {} });
  assert.deepEqual(Object.keys(message).sort(), [
    'Attributes',
    'Content',
    'Id',
    'SendTime',
    'Sender',
    'Type',
  ]);
  client.socket.sendText(JSON.stringify({ Action: 'DELETE_MESSAGE', Id: message.Id }));
  const event = await client.received((frame) => frame.Type === 'EVENT');
  assert.deepEqual(Object.keys(event).sort(), ['Attributes', 'EventName', 'Id', 'SendTime', 'Type']);
});

test('5: text that isn’t JSON gets ERROR 400 with an Id, and the connection lives on', async (t) => {
  const room = await stage.api.createRoom();
  const client = await join(t, room, 'ann');
  client.socket.sendText('[object Object]');
  const error = await client.received((frame) => frame.Type === 'ERROR');
  assert.equal(error.ErrorCode, 400);
  assert.ok(error.Id.length > 0 && !('RequestId' in error));
  assert.equal((await client.say('still here')).Type, 'MESSAGE');
});

test('6: an ERROR has a whole-number code, a message for people, an Id and the RequestId', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageLength: 3 });
  const client = await join(t, room, 'ann');
  const error = await client.say('too long');
  assert.ok(Number.isInteger(error.ErrorCode));
  assert.equal(error.ErrorCode, 400);
  assert.ok((error.ErrorMessage ?? '').length > 0 && !error.ErrorMessage?.includes('too long'));
  assert.equal(typeof error.Id, 'string');
});

test('7: aws:DELETE_MESSAGE carries both spellings of the message’s id, and no Reason when none was given', async (t) => {
  const room = await stage.api.createRoom();
  const client = await join(t, room, 'ann');
  const { Id } = await client.say('a');
  const deletion = await client.request({ Action: 'DELETE_MESSAGE', Id });
  assert.deepEqual(deletion.Attributes, { MessageId: Id, MessageID: Id });
});

test('8: SendTime follows the order of delivery, whichever gateways the messages come through', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const [ann, bob] = [await join(t, room, 'ann', 0), await join(t, room, 'bob', 1)];
  for (let round = 0; round < 10; round++) {
    await Promise.all([ann.say('x'), bob.say('x'), ann.say('x'), bob.say('x')]);
  }
  const times = ann
    .frames()
    .flatMap((frame) => (frame.SendTime === undefined ? [] : [Date.parse(frame.SendTime)]));
  assert.ok(times.length >= 20);
  for (const [n, time] of times.entries()) {
    assert.ok(time > (times[n - 1] ?? 0) - 1_000, `SendTime went back by ${(times[n - 1] ?? 0) - time} ms`);
  }
});

test('9: a user who comes and goes quickly is let in each time with a new token, and each goodbye is answered', async (t) => {
  const room = await stage.api.createRoom();
  const witness = await join(t, room, 'witness', 1);
  for (let round = 0; round < 10; round++) {
    const client = await connectRaw(stage.url(round % 2), await stage.api.token(room, 'ann'));
    const said = await client.say(`back, the ${round}. time`);
    assert.equal(said.Type, 'MESSAGE');
    assert.equal((await client.socket.close(1000)).code, 1000);
    await witness.received((frame) => frame.Id === said.Id);
  }
});

test('10: beside a connection that has fallen silent its user’s new one works, and so does everybody else’s', async (t) => {
  const room = await stage.api.createRoom();
  const backgrounded = await join(t, room, 'ann');
  backgrounded.socket.pause();
  const resumed = await join(t, room, 'ann');
  const other = await join(t, room, 'bob', 1);
  const said = await resumed.say('I am back');
  await other.received((frame) => frame.Id === said.Id);
  backgrounded.socket.resume();
  await backgrounded.received((frame) => frame.Id === said.Id);
});

test('11: a disconnected user gets aws:DISCONNECT_USER before the close frame 1000', async (t) => {
  const room = await stage.api.createRoom();
  const victim = await join(t, room, 'victim', 1);
  const moderator = await join(t, room, 'moderator');
  await moderator.request({ Action: 'DISCONNECT_USER', UserId: 'victim', Reason: 'Some reason' });
  assert.equal((await victim.socket.ended).code, 1000);
  const last = victim.frames().at(-1);
  assert.equal(last?.EventName, 'aws:DISCONNECT_USER');
  assert.deepEqual(last?.Attributes, { UserId: 'victim', Reason: 'Some reason' });
});

test('12: UserId is free text for senders and for DISCONNECT_USER', async (t) => {
  const room = await stage.api.createRoom();
  const moderator = await join(t, room, 'moderator');
  for (const userId of ['test user id', '11231234', 'Zoë "🦊" \\ /', 'u'.repeat(128)]) {
    const client = await join(t, room, userId, 1);
    assert.equal((await client.say('hi')).Sender?.UserId, userId);
    const event = await moderator.request({ Action: 'DISCONNECT_USER', UserId: userId });
    assert.equal(event.Attributes?.['UserId'], userId);
    assert.equal((await client.socket.ended).code, 1000);
  }
});

test('13: offers of extensions, other header cases, pings and texts in fragments are served', async (t) => {
  const room = await stage.api.createRoom();
  const pongs: string[] = [];
  const token = await stage.api.token(room, 'ann');
  const client = await connectRaw(stage.url(0), token, {
    headers: {
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      'USER-AGENT': 'okhttp/4.12.0',
      Origin: 'https://example.com',
    },
    onPong: (payload) => pongs.push(payload.toString()),
  });
  t.after(client.socket.destroy);
  // "The client opens wss://host/ with the token as Sec-WebSocket-Protocol; the server echoes it."
  assert.equal(client.socket.answer.get('sec-websocket-protocol'), token);
  assert.equal(client.socket.answer.get('sec-websocket-extensions'), undefined);
  client.socket.send(opcode.ping, Buffer.from('are you there?'));
  await eventually(() => assert.deepEqual(pongs, ['are you there?']), 20_000);
  const text = Buffer.from(JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'in three 🧀 pieces' }));
  client.socket.send(opcode.text, text.subarray(0, 10), false);
  client.socket.send(opcode.ping, Buffer.from('meanwhile'));
  client.socket.send(opcode.continuation, text.subarray(10, 49), false);
  client.socket.send(opcode.continuation, text.subarray(49));
  await client.received((frame) => frame.Content === 'in three 🧀 pieces');
});

test('13: a token with 1 KB of attributes passes the handshake however TCP cuts it', async (t) => {
  const room = await stage.api.createRoom();
  for (const handshakePiece of [1_000_000, 1_400, 100]) {
    const attributes = { k: '€'.repeat(341) };
    const { token } = await stage.api.mint({ roomIdentifier: room, userId: 'u'.repeat(128), attributes });
    const client = await connectRaw(stage.url(0), token, { handshakePiece });
    t.after(client.socket.destroy);
    assert.deepEqual((await client.say('big')).Sender?.Attributes, attributes);
  }
});
