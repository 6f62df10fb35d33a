import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { startBalancer } from '../src/balancer.ts';
import { HandshakeRefused } from '../src/frame-socket.ts';
import { contentsOf, guestQuotas, openGuestRoom, words } from '../src/guests.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer } from '../src/viewer.ts';

const mostMessages = 60;
const withHistory = { tags: { 'roomstream:history': 'on' } } as const;
const history = (count: number) => ({ query: `?history=${count}` });
let stage: Stage;

before(async () => {
  stage = await openStage({
    accountQuotas: guestQuotas,
    // Few shards: the rooms of a test share their streams.
    env: { ROOMSTREAM_SHARDS: '2', ROOMSTREAM_HISTORY_MOST_MESSAGES: `${mostMessages}` },
  });
});
after(() => stage?.close());

test('a newcomer who asks for history gets the newest messages of his room, in order and before live ones', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  const other = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  await room.say(...words('old', 20));
  await other.say(...words('other', 5));
  await room.say(...words('new', 10));
  for (const gateway of stage.fleet.gateways) {
    const some = await room.enter(`some at ${gateway.port}`, gateway, history(15));
    const heard = contentsOf(await room.heardUpTo(`live at ${gateway.port}`, some));
    const said = contentsOf(room.speaker.frames());
    assert.deepEqual(heard, said.slice(-16));
    const all = await room.enter(`all at ${gateway.port}`, gateway, history(mostMessages));
    await all.received(({ Content }) => Content === `live at ${gateway.port}`);
    assert.deepEqual(contentsOf(all.frames()), said);
  }
  const nobody = await room.enter('nobody', stage.gateway(1));
  assert.deepEqual(contentsOf(await room.heardUpTo('live', nobody)), ['live']);
});

/** Gateways are told of a changed room; of one that nobody tells them of they read the record again after 15 s. */
const toldWithinMs = 8_000;

test('history is in rooms whose tag says so, at once and until it is taken away', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0));
  await room.say(...words('old', 3));
  const heardBy = async (userId: string) => {
    const guest = await room.enter(userId, stage.gateway(1), history(3));
    const heard = contentsOf(await room.heardUpTo(`live ${userId}`, guest));
    await guest.socket.close();
    return heard.length;
  };
  assert.equal(await heardBy('early'), 1);
  const tagged = { resourceArn: room.arn };
  await stage.api.client.tagResource({ ...tagged, tags: { 'roomstream:history': 'on' } });
  let guests = 0;
  await eventually(async () => assert.equal(await heardBy(`on-${guests++}`), 4), toldWithinMs);
  await stage.api.client.tagResource({ ...tagged, tags: { 'roomstream:history': 'off' } });
  await eventually(async () => assert.equal(await heardBy(`off-${guests++}`), 1), toldWithinMs);
});

test('history leaves out deleted messages, and has events only on request', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  const [, deleted] = await room.say('a', 'b', 'c');
  await stage.api.client.deleteMessage({ roomIdentifier: room.arn, id: deleted ?? '' });
  await stage.api.client.sendEvent({ roomIdentifier: room.arn, eventName: 'goal' });
  await room.say('d');
  const plain = await room.enter('plain', stage.gateway(1), history(10));
  const heard = await room.heardUpTo('live', plain);
  assert.deepEqual(
    heard.map(({ Content, EventName }) => Content ?? EventName),
    ['a', 'c', 'd', 'live'],
  );
  const curious = await room.enter('curious', stage.gateway(1), { query: '?history=10&events=on' });
  const more = await room.heardUpTo('live too', curious);
  const contents = more.map(({ Content, EventName }) => Content ?? EventName);
  assert.deepEqual(
    contents.filter((name) => name !== 'aws:DELETE_MESSAGE'),
    ['a', 'c', 'goal', 'd', 'live', 'live too'],
  );
});

test('nobody gets more history than the setting says, or with words that are no number', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  await room.say(...words('old', mostMessages + 20));
  const most = await room.enter('most', stage.gateway(1), history(mostMessages));
  const heard = contentsOf(await room.heardUpTo('live', most));
  assert.deepEqual(heard, [...words('old', mostMessages + 20).slice(-mostMessages), 'live']);
  for (const query of [`?history=${mostMessages + 1}`, '?history=all', '?history=-1', '?history=']) {
    const refused = await room.enter('refused', stage.gateway(1), { query }).catch((error) => error);
    assert.ok(refused instanceof HandshakeRefused, query);
    assert.equal(refused.status, 400, query);
  }
});

test('between history and live nothing is missing and nothing comes twice, however busy the room is', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  let said = 0;
  const timer = setInterval(() => {
    for (let n = 0; n < 5; n++) {
      const request = { Action: 'SEND_MESSAGE', Content: `${said++}`, RequestId: 'busy' };
      room.speaker.socket.sendText(JSON.stringify(request));
    }
  }, 10);
  try {
    const count = () => room.speaker.texts.length;
    await eventually(() => count() > 200, 30_000);
    for (let n = 0; n < 60; n++) {
      const before = count();
      const guest = await room.enter(`guest-${n}`, stage.gateway(n % 2), history(50));
      const after = said;
      await eventually(() => Number(guest.frames().at(-1)?.Content) > after + 20, 30_000);
      guest.socket.destroy();
      const heard = contentsOf(guest.frames()).map(Number);
      const [first = Number.NaN] = heard;
      assert.deepEqual(
        heard,
        heard.map((_, at) => first + at),
      );
      assert.ok(first >= before - 51 && first <= after - 49, `${first}, of ${before} to ${after}`);
    }
  } finally {
    clearInterval(timer);
  }
});

test('who returns or refreshes gets what he missed, and no history again', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  await room.say(...words('old', 10));
  const first = await room.enter('ann', stage.gateway(0), history(5));
  await room.heardUpTo('then', first);
  const refreshed = await room.enter('ann', stage.gateway(1), history(5));
  const refreshedMs = performance.now();
  assert.deepEqual(contentsOf(await room.heardUpTo('refreshed', refreshed)), ['refreshed']);
  await first.socket.close();
  // What comes within a second of a refresh isn't sent again: stock clients forget Ids then.
  await eventually(() => performance.now() - refreshedMs > 1_500);
  refreshed.socket.destroy();
  await room.say(...words('missed', 3));
  const again = await room.enter('ann', stage.gateway(0), history(5));
  const heard = contentsOf(await room.heardUpTo('live', again));
  assert.ok(!heard.some((content) => content.startsWith('old')), `${heard}`);
  assert.deepEqual(heard.slice(-4), [...words('missed', 3), 'live']);
});

test('the official client takes history by its endpoint, and over a drop misses nothing and tells nothing twice', async (t) => {
  const room = await openGuestRoom(t, stage, stage.gateway(0), withHistory);
  await room.say(...words('old', 5));
  const doomed = await stage.fleet.addGateway();
  const balancer = await startBalancer(doomed);
  t.after(balancer.close);
  const order = { roomIdentifier: room.arn, userId: 'ann' };
  const viewer = await connectViewer(stage.api, `${balancer.url}/?history=50`, order, {
    isWithoutExpirations: true,
  });
  t.after(viewer.close);
  await room.say('live');
  await eventually(() => assert.equal(viewer.messages.at(-1)?.content, 'live'), 20_000);
  balancer.direct(stage.gateway(1));
  await doomed.kill('SIGKILL');
  await room.say(...words('missed', 3));
  await eventually(() => assert.equal(viewer.connections().length, 2), 30_000);
  await room.say('the end');
  await eventually(() => assert.equal(viewer.messages.at(-1)?.content, 'the end'), 20_000);
  assert.deepEqual(
    viewer.messages.map(({ content }) => content),
    [...words('old', 5), 'live', ...words('missed', 3), 'the end'],
  );
});
