import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import {
  type ChatError,
  DeleteMessageRequest,
  DisconnectUserRequest,
  SendMessageRequest,
} from 'amazon-ivs-chat-messaging';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer, type Viewer, type ViewerOptions } from '../src/viewer.ts';

let stage: Stage;

before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

/** A viewer of a room on the n-th gateway, gone at the end of the test. */
async function join(
  t: { after(fn: () => void): void },
  room: string,
  userId: string,
  gateway: number,
  order: { capabilities?: never[]; attributes?: Record<string, string> } = {},
  options: ViewerOptions = {},
): Promise<Viewer> {
  const viewer = await connectViewer(
    stage.api,
    stage.url(gateway),
    { roomIdentifier: room, userId, ...order },
    options,
  );
  t.after(viewer.close);
  return viewer;
}

/** The ChatError that a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<ChatError> {
  const outcome = await promise.then(
    () => undefined,
    (error: ChatError) => error,
  );
  assert.ok(outcome !== undefined, 'the request was confirmed');
  return outcome;
}

const first = <T>(list: readonly T[]): Promise<T> =>
  eventually(() => {
    const item = list[0];
    if (item === undefined) throw new Error('nothing was received');
    return item;
  }, 20_000);

test('a message with RequestId and attributes is confirmed to its sender and received alike on another gateway', async (t) => {
  const room = await stage.api.createRoom();
  const ann = await join(t, room, 'ann', 0, { attributes: { displayName: 'Ann ✨' } });
  const bob = await join(t, room, 'bob', 1);
  const request = new SendMessageRequest('hello "world" 👋\n', { emote: 'wave', empty: '' });
  const confirmed = await ann.room.sendMessage(request);
  assert.equal(confirmed.requestId, request.requestId);
  assert.equal(confirmed.content, 'hello "world" 👋\n');
  assert.deepEqual(confirmed.attributes, { emote: 'wave', empty: '' });
  assert.deepEqual(confirmed.sender, { userId: 'ann', attributes: { displayName: 'Ann ✨' } });
  assert.match(confirmed.id, /^[a-zA-Z0-9]{12}$/);
  assert.ok(Math.abs(confirmed.sendTime.getTime() - Date.now()) < 60_000);
  assert.deepEqual(await first(bob.messages), confirmed);
  assert.deepEqual(ann.messages, [confirmed]);
});

test('a room never sees what is said in another one', async (t) => {
  const [room, other] = [await stage.api.createRoom(), await stage.api.createRoom()];
  const ann = await join(t, room, 'ann', 0);
  const stranger = await join(t, other, 'stranger', 1);
  await ann.say('for our room');
  const own = await stranger.say('for the other room');
  assert.deepEqual(stranger.messages, [own]);
});

test('deleteMessage is confirmed and reaches every client with the message’s id and the reason', async (t) => {
  const room = await stage.api.createRoom();
  const ann = await join(t, room, 'ann', 0);
  const moderator = await join(t, room, 'moderator', 1);
  const { id } = await ann.say('rude');
  const request = new DeleteMessageRequest(id, 'abusive');
  const event = await moderator.room.deleteMessage(request);
  assert.equal(event.requestId, request.requestId);
  assert.equal(event.messageId, id);
  assert.equal(event.reason, 'abusive');
  // "MessageId, MessageID (same value; old clients read it) and Reason"
  assert.deepEqual(event.attributes, { MessageId: id, MessageID: id, Reason: 'abusive' });
  assert.deepEqual(await first(ann.deletions), event);
});

test('disconnectUser closes all of the user’s connections in the room for good and tells the others', async (t) => {
  const room = await stage.api.createRoom();
  const elsewhere = await stage.api.createRoom();
  const [here, there, otherRoom] = await Promise.all([
    join(t, room, 'victim', 0),
    join(t, room, 'victim', 1),
    join(t, elsewhere, 'victim', 0),
  ]);
  const moderator = await join(t, room, 'moderator', 1);
  const witness = await join(t, room, 'witness', 0);
  const request = new DisconnectUserRequest('victim', 'spam');
  const event = await moderator.room.disconnectUser(request);
  assert.equal(event.requestId, request.requestId);
  assert.deepEqual(event.attributes, { UserId: 'victim', Reason: 'spam' });
  assert.deepEqual(await first(witness.disconnections), event);
  for (const victim of [here, there]) {
    await eventually(() => assert.equal(victim.states.at(-1), 'disconnected: serverDisconnect'), 20_000);
    assert.equal(victim.tokens(), 1, 'the client asked for another token');
  }
  assert.equal(otherRoom.room.state, 'connected');
  assert.equal((await witness.say('quiet now')).content, 'quiet now');
  assert.equal(here.room.state, 'disconnected');
});

test('requests that the contract refuses reject the client’s promise with 400, and the connection stays', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageLength: 5 });
  const ann = await join(t, room, 'ann', 0);
  assert.equal((await rejection(ann.say('123456'))).errorCode, 400);
  assert.equal((await rejection(ann.say(''))).errorCode, 400);
  const wrongId = new DeleteMessageRequest('not an id');
  const refused = await rejection(ann.room.deleteMessage(wrongId));
  assert.equal(refused.errorCode, 400);
  assert.equal(refused.requestId, wrongId.requestId);
  assert.equal((await ann.say('👩🏽‍🚀x')).content, '👩🏽‍🚀x', 'five code points fit');
  assert.deepEqual(ann.states, ['connecting', 'connected']);
});

test('attributes and reasons beyond their limits reject the client’s promise with 413', async (t) => {
  const room = await stage.api.createRoom();
  const ann = await join(t, room, 'ann', 0);
  assert.equal((await rejection(ann.say('big', { k: 'v'.repeat(1024) }))).errorCode, 413);
  const reason = new DisconnectUserRequest('nobody', 'r'.repeat(257));
  assert.equal((await rejection(ann.room.disconnectUser(reason))).errorCode, 413);
  assert.equal((await ann.say('fits', { k: 'v'.repeat(1023) })).content, 'fits');
});

test('an action without its capability rejects the client’s promise with 403', async (t) => {
  const room = await stage.api.createRoom();
  const guest = await join(t, room, 'guest', 0, { capabilities: [] });
  const other = await join(t, room, 'other', 1);
  assert.equal((await rejection(guest.say('let me in'))).errorCode, 403);
  assert.equal(
    (await rejection(guest.room.deleteMessage(new DeleteMessageRequest('AAAAAAAAAAAA')))).errorCode,
    403,
  );
  assert.equal(
    (await rejection(guest.room.disconnectUser(new DisconnectUserRequest('other')))).errorCode,
    403,
  );
  // "capabilities none (may receive only)"
  const { id } = await other.say('hello guest');
  assert.equal((await first(guest.messages)).id, id);
  assert.equal(other.room.state, 'connected');
});

test('messages beyond the room’s rate reject the client’s promise with 429, and the client goes on', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 1 });
  const ann = await join(t, room, 'ann', 0);
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => ann.say(`burst ${n}`)));
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [(outcome.reason as ChatError).errorCode] : [],
  );
  assert.ok(refused.length >= 3, `only ${refused.length} of a burst of 5 were refused at 1/s`);
  assert.ok(refused.every((code) => code === 429));
  await eventually(() => ann.say('later'), 20_000);
  assert.deepEqual(ann.states, ['connecting', 'connected']);
});

test('events and moderation of the API reach the clients with the ids that the API answered', async (t) => {
  const room = await stage.api.createRoom();
  const ann = await join(t, room, 'ann', 0);
  const bob = await join(t, room, 'bob', 1);
  const sent = await stage.api.client.sendEvent({
    roomIdentifier: room,
    eventName: 'poll:started',
    attributes: { question: 'Tea or coffee?' },
  });
  for (const viewer of [ann, bob]) {
    const event = await first(viewer.events);
    assert.equal(event.id, sent.id);
    assert.equal(event.eventName, 'poll:started');
    assert.deepEqual(event.attributes, { question: 'Tea or coffee?' });
  }
  const { id } = await bob.say('rude');
  const deleted = await stage.api.client.deleteMessage({ roomIdentifier: room, id, reason: 'abusive' });
  const deletion = await first(ann.deletions);
  assert.equal(deletion.id, deleted.id);
  assert.equal(deletion.messageId, id);
  assert.equal(deletion.reason, 'abusive');
  await stage.api.client.disconnectUser({ roomIdentifier: room, userId: 'bob', reason: 'spam' });
  const left = await first(ann.disconnections);
  assert.equal(left.userId, 'bob');
  assert.equal(left.reason, 'spam');
  await eventually(() => assert.equal(bob.states.at(-1), 'disconnected: serverDisconnect'), 20_000);
});

test('a room’s new limit holds on every gateway as soon as UpdateRoom has answered', async (t) => {
  const room = await stage.api.createRoom();
  const viewers = [await join(t, room, 'ann', 0), await join(t, room, 'bob', 1)];
  for (const viewer of viewers) await viewer.say('123456');
  await stage.api.client.updateRoom({ identifier: room, maximumMessageLength: 5 });
  for (const viewer of viewers) {
    await eventually(async () => assert.equal((await rejection(viewer.say('123456'))).errorCode, 400), 5_000);
  }
});

test('in a deleted room requests are answered with 404 and the connection stays', async (t) => {
  const room = await stage.api.createRoom();
  const ann = await join(t, room, 'ann', 0);
  await ann.say('still here');
  await stage.api.client.deleteRoom({ identifier: room });
  await eventually(async () => assert.equal((await rejection(ann.say('gone?'))).errorCode, 404), 5_000);
  assert.deepEqual(ann.states, ['connecting', 'connected']);
});

test('disconnect() of the client is its own goodbye: no further token, no reconnect', async (t) => {
  const room = await stage.api.createRoom();
  const ann = await join(t, room, 'ann', 0);
  const bob = await join(t, room, 'bob', 0);
  ann.close();
  await bob.say('bye');
  await eventually(() => assert.ok(ann.connections()[0]?.closedMs !== undefined), 20_000);
  assert.deepEqual(ann.states, ['connecting', 'connected', 'disconnected: clientDisconnect']);
  assert.equal(ann.tokens(), 1);
});
