import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { eventually } from '@roomstream/testing/eventually';
import { type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
let one: Gateway;
let two: Gateway;

before(async () => {
  stage = await openStage();
  one = await stage.gateway();
  two = await stage.gateway();
});
after(() => stage.close());

test('a message reaches everyone in the room at both gateways, the sender included, byte for byte the same', async () => {
  const room = await stage.room();
  const ann = await stage.client(one, room, 'ann', { attributes: { mood: 'fine' } });
  const bob = await stage.client(two, room, 'bob');
  const stranger = await stage.client(two, await stage.room(), 'stranger');
  const requestId = ann.request({ Action: 'SEND_MESSAGE', Content: 'grüße 😀', Attributes: { a: 'b' } });
  const frame = await ann.answer(requestId);
  const { Id, SendTime, ...rest } = frame;
  assert.match(Id, /^[a-zA-Z0-9]{12}$/);
  assert.ok(Math.abs(Date.parse(SendTime ?? '') - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    Type: 'MESSAGE',
    RequestId: requestId,
    Attributes: { a: 'b' },
    Content: 'grüße 😀',
    Sender: { UserId: 'ann', Attributes: { mood: 'fine' } },
  });
  await bob.answer(requestId);
  assert.deepEqual(bob.texts, ann.texts);
  assert.deepEqual(stranger.texts, []);
});

test('what several say at once at two gateways arrives everywhere in one order, nothing missing', async () => {
  const room = await stage.room();
  const clients = await Promise.all(
    [one, two, one, two].map((gateway, i) => stage.client(gateway, room, `user-${i}`)),
  );
  for (let i = 0; i < 20; i++) for (const client of clients) client.say(`message ${i}`);
  await eventually(() => clients.every((client) => client.texts.length === 80));
  for (const client of clients) assert.deepEqual(client.texts, clients[0]?.texts);
  assert.equal(new Set(clients[0]?.frames.map((frame) => frame.Id)).size, 80);
  const own = clients[0]?.frames
    .filter((frame) => frame.Sender?.UserId === 'user-0')
    .map((frame) => frame.Content);
  assert.deepEqual(
    own,
    Array.from({ length: 20 }, (_, i) => `message ${i}`),
  );
});

test('without the capability each action gets ERROR 403, and the connection stays', async () => {
  const room = await stage.room();
  const reader = await stage.client(one, room, 'reader', { capabilities: [] });
  for (const request of [
    { Action: 'SEND_MESSAGE', Content: 'x' },
    { Action: 'DELETE_MESSAGE', Id: newId() },
    { Action: 'DISCONNECT_USER', UserId: 'x' },
  ]) {
    const error = await reader.answer(reader.request(request));
    assert.deepEqual([error.Type, error.ErrorCode], ['ERROR', 403]);
  }
  assert.ok(reader.isOpen);
  assert.equal(await metric(one, 'roomstream_errors_total', { code: 403 }), 3);
});

test('each capability allows its own action alone', async () => {
  const room = await stage.room();
  const deleter = await stage.client(one, room, 'deleter', { capabilities: ['DELETE_MESSAGE'] });
  assert.equal((await deleter.answer(deleter.say('x'))).ErrorCode, 403);
  assert.equal(
    (await deleter.answer(deleter.request({ Action: 'DELETE_MESSAGE', Id: newId() }))).Type,
    'EVENT',
  );
});

test('wrong frames get ERROR 400 or 413 and leave the connection open: binary, oversize, malformed, too long for the room', async () => {
  const room = await stage.room({ maximumMessageLength: 5 });
  const ann = await stage.client(one, room, 'ann');
  ann.socket.send(Buffer.from('{}'));
  await ann.frame((frame) => frame.ErrorCode === 400);
  ann.socket.send('not JSON');
  await eventually(() => ann.frames.filter((frame) => frame.ErrorCode === 400).length === 2);
  assert.equal((await ann.answer(ann.request({ Action: 'JUMP' }))).ErrorCode, 400);
  assert.equal((await ann.answer(ann.say('sixsix'))).ErrorCode, 400);
  assert.equal((await ann.answer(ann.say(''))).ErrorCode, 400);
  const tooLarge = { Action: 'SEND_MESSAGE', Content: 'x', Attributes: { a: 'x'.repeat(1025) } };
  assert.equal((await ann.answer(ann.request(tooLarge))).ErrorCode, 413);
  for (const bytes of [16 * 1024 + 1, 100 * 1024]) {
    const before = ann.frames.length;
    ann.socket.send(' '.repeat(bytes));
    await eventually(() => ann.frames.length > before);
    assert.equal(ann.frames.at(-1)?.ErrorCode, 413);
  }
  assert.equal((await ann.answer(ann.say('😀😀😀😀😀'))).Type, 'MESSAGE');
});

test('an update of a room takes effect at once, at every gateway', async () => {
  const room = await stage.room();
  const clients = await Promise.all([one, two].map((gateway, i) => stage.client(gateway, room, `u${i}`)));
  for (const client of clients) assert.equal((await client.answer(client.say('0123456789'))).Type, 'MESSAGE');
  await stage.changeRoom(room, { maximumMessageLength: 5 });
  // The change went through the same stream as messages: once one of them has come, the change has as well.
  for (const client of clients) assert.equal((await client.answer(client.say('ok'))).Type, 'MESSAGE');
  for (const client of clients) {
    const error = await client.answer(client.say('0123456789'));
    assert.deepEqual([error.ErrorCode, error.ErrorMessage?.includes('5')], [400, true]);
  }
  await stage.changeRoom(room, { maximumMessageLength: 10 });
  for (const client of clients) {
    await eventually(async () => (await client.answer(client.say('0123456789'))).Type === 'MESSAGE');
  }
});

test('clients of a deleted room stay connected; what they send gets ERROR 404, and nobody can enter', async () => {
  const room = await stage.room();
  const ann = await stage.client(one, room, 'ann');
  await ann.answer(ann.say('before'));
  await stage.deleteRoom(room);
  await eventually(async () => (await ann.answer(ann.say('after'))).ErrorCode === 404);
  assert.ok(ann.isOpen);
  await assert.rejects(stage.client(one, room, 'late'), { status: 404 });
  await assert.rejects(stage.client(two, room, 'late'), { status: 404 });
});

test('DELETE_MESSAGE reaches the room as an event with both spellings of the message id', async () => {
  const room = await stage.room();
  const [moderator, viewer] = [
    await stage.client(one, room, 'moderator'),
    await stage.client(two, room, 'viewer'),
  ];
  const { Id } = await moderator.answer(moderator.say('x'));
  const requestId = moderator.request({ Action: 'DELETE_MESSAGE', Id, Reason: 'spam' });
  await viewer.answer(requestId);
  const event = await moderator.answer(requestId);
  assert.equal(event.EventName, 'aws:DELETE_MESSAGE');
  assert.deepEqual(event.Attributes, { MessageId: Id, MessageID: Id, Reason: 'spam' });
});

test('DISCONNECT_USER closes every connection of the user in that room with 1000, at both gateways, after the event', async () => {
  const [room, elsewhere] = [await stage.room(), await stage.room()];
  const moderator = await stage.client(one, room, 'moderator');
  const victims = await Promise.all([one, one, two].map((gateway) => stage.client(gateway, room, 'bob "b"')));
  const bystanders = [await stage.client(one, elsewhere, 'bob "b"'), await stage.client(two, room, 'bob')];
  const requestId = moderator.request({ Action: 'DISCONNECT_USER', UserId: 'bob "b"', Reason: 'rude' });
  for (const victim of victims) {
    assert.equal(await victim.closed(), 1000);
    assert.equal(victim.frames.at(-1)?.EventName, 'aws:DISCONNECT_USER');
    assert.deepEqual(victim.frames.at(-1)?.Attributes, { UserId: 'bob "b"', Reason: 'rude' });
  }
  assert.equal((await moderator.answer(requestId)).Type, 'EVENT');
  for (const bystander of bystanders)
    assert.equal((await bystander.answer(bystander.say('still here'))).Type, 'MESSAGE');
});

test('frames of the control plane reach the room, and deliveries and requests are counted under their actions', async () => {
  const counting = await stage.gateway();
  const room = await stage.room();
  const clients = await Promise.all(['a', 'b'].map((user) => stage.client(counting, room, user)));
  const body =
    '{"Type":"EVENT","Id":"EEEEEEEEEEEE","EventName":"goal","Attributes":{},"SendTime":"2024-01-01T00:00:00.000Z"}';
  await stage.bus.publish([{ kind: 'frame', account: '000000000000', room, id: 'EEEEEEEEEEEE', body }]);
  for (const client of clients) await client.frame((frame) => frame.EventName === 'goal');
  assert.deepEqual(clients[0]?.texts, [body]);
  await clients[0]?.answer(clients[0].say('x'));
  assert.equal(await metric(counting, 'roomstream_deliveries_total', { action: 'SEND_EVENT' }), 2);
  assert.equal(await metric(counting, 'roomstream_deliveries_total', { action: 'SEND_MESSAGE' }), 2);
  assert.equal(await metric(counting, 'roomstream_messaging_deliveries_total'), 4);
  assert.equal(await metric(counting, 'roomstream_requests_total', { action: 'SEND_MESSAGE' }), 1);
  assert.equal(await metric(counting, 'roomstream_messaging_requests_total'), 1);
});
