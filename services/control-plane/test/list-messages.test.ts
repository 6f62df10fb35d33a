import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DeleteMessageCommand, SendEventCommand } from '@aws-sdk/client-ivschat';
import { encodeEntry } from '@roomstream/bus/entry';
import { account, region, startUnderTest } from './control-plane-under-test.ts';
import { newestFirst, RoomHistory } from './room-history.ts';

const plane = await startUnderTest();
const history = await RoomHistory.open(plane);
after(async () => {
  await history.close();
  await plane.stop();
});

test('messages come newest first, as clients got them, byte for byte', async () => {
  const room = await history.room();
  const said = await history.say(room, 3);
  const { status, headers, body } = await history.call(room);
  assert.equal(status, 200, body);
  assert.equal(headers['content-type'], 'application/json');
  const texts = said.map(({ text }) => text).reverse();
  assert.equal(body, `{"messages":[${texts.join(',')}]}`);
});

test('a room in which nobody has said anything has no messages', async () => {
  const room = await history.room();
  await history.say(await history.room(), 2);
  assert.equal((await history.call(room)).body, '{"messages":[]}');
});

test('250 messages come page by page, each once, whatever is said meanwhile', async () => {
  const room = await history.room();
  const said = await history.say(room, 250);
  const pages = await history.pages(room, '', () => history.say(room, 7));
  assert.deepEqual(
    pages.map(({ length }) => length),
    [50, 50, 50, 50, 50],
  );
  assert.deepEqual(pages.flat(), newestFirst(said));
  assert.deepEqual(
    (await history.pages(room, 'maxResults=100')).map(({ length }) => length),
    [100, 100, 250 + 4 * 7 - 200],
  );
  // The last page ends where the messages do: there is no empty one behind it.
  assert.equal((await history.pages(await spoken(20), 'maxResults=10')).length, 2);
});

async function spoken(count: number): Promise<string> {
  const room = await history.room();
  await history.say(room, count);
  return room;
}

test('a message that DeleteMessage has deleted is left out, other events change nothing', async () => {
  const room = await history.room();
  const said = await history.say(room, 3);
  const roomIdentifier = `arn:aws:ivschat:${region}:${account}:room/${room}`;
  const client = plane.client();
  await client.send(new DeleteMessageCommand({ roomIdentifier, id: said[1]?.id, reason: 'spam' }));
  await client.send(new SendEventCommand({ roomIdentifier, eventName: 'goal' }));
  assert.deepEqual(await history.pages(room, ''), [[said[2]?.id, said[0]?.id]]);
});

test('a message on a later page is left out, wherever its deletion stands', async () => {
  const room = await history.room();
  const first = await history.say(room, 15);
  await history.delete(room, first.slice(0, 1));
  const second = await history.say(room, 5);
  await history.delete(room, first.slice(1, 2));
  const third = await history.say(room, 17);
  await history.delete(room, first.slice(2, 3));
  // The page ends where the last of these deletions stands, and further ones come between the pages.
  const fourth = await history.say(room, 5);
  const all = [...first, ...second, ...third, ...fourth];
  const deleted = new Set(first.slice(0, 3).map(({ id }) => id));
  const later = all.slice(3, 9).toReversed();
  const pages = await history.pages(room, 'maxResults=5', async () => {
    const [next] = later.splice(0, 1);
    if (next === undefined) return;
    deleted.add(next.id);
    await history.delete(room, [next]);
  });
  assert.deepEqual(pages.flat(), newestFirst(all.filter(({ id }) => !deleted.has(id))));
});

test('deletions between two pages count for the second one, and change nothing about the first', async () => {
  const room = await history.room();
  const said = await history.say(room, 6);
  const { nextToken } = await history.page(room, 'maxResults=2');
  await history.delete(
    room,
    [said[5], said[3]].filter((each) => each !== undefined),
  );
  const again = await history.page(room, 'maxResults=2', nextToken);
  assert.deepEqual(
    again.messages.map(({ Id }) => Id),
    [said[2]?.id, said[1]?.id],
  );
});

test('more deletions than a token carries are found all the same', async () => {
  const room = await history.room();
  const said = await history.say(room, 230);
  await history.delete(room, said.slice(0, 200));
  const late = said.slice(200, 202);
  const pages = await history.pages(room, 'maxResults=10', async () => {
    await history.delete(room, late.splice(0, 1));
  });
  assert.deepEqual(pages.flat(), newestFirst(said.slice(202)));
});

test('with events=on events come too, each in its place', async () => {
  const room = await history.room();
  const first = await history.say(room, 3);
  const events = await history.raise(room, 3);
  const deletions = await history.delete(room, first.slice(1, 2));
  const last = await history.say(room, 3);
  const messages = [...first.slice(0, 1), ...first.slice(2), ...last];
  const all = [...first.slice(0, 1), ...first.slice(2), ...events, ...deletions, ...last];
  for (const query of ['maxResults=2', 'maxResults=100']) {
    assert.deepEqual((await history.pages(room, `events=on&${query}`)).flat(), newestFirst(all));
    assert.deepEqual((await history.pages(room, `events=off&${query}`)).flat(), newestFirst(messages));
    assert.deepEqual((await history.pages(room, query)).flat(), newestFirst(messages));
  }
});

test('a message behind thousands of events is found, if need be after short pages', async () => {
  const room = await history.room();
  const said = await history.say(room, 3);
  await history.raise(room, 7_000);
  const newer = await history.say(room, 1);
  const pages = await history.pages(room, '');
  assert.deepEqual(pages.flat(), newestFirst([...said, ...newer]));
  assert.ok(pages.length > 1, 'one call looked at more than 5,000 frames');
});

test('a message of a quiet room behind 60,000 entries of others is found, if need be after an empty page', async () => {
  const room = await history.room();
  const said = await history.say(room, 3);
  await addToShardOf(room, 'NobodyIsHere', 60_000);
  const [first, ...others] = await history.pages(room, '', () => history.delete(room, said.slice(0, 1)));
  assert.deepEqual(first, []);
  assert.deepEqual(others.flat(), newestFirst(said.slice(1)));
});

test('a token since which more was said than one call reads is refused as too old', async () => {
  const room = await history.room();
  const said = await history.say(room, 3);
  const { nextToken } = await history.page(room, 'maxResults=1');
  await addToShardOf(room, room, 20_100);
  const { status, body } = await history.call(room, `maxResults=1&nextToken=${nextToken}`);
  assert.equal(status, 400, body);
  const [fault] = JSON.parse(body).fieldList;
  assert.equal(fault.name, 'nextToken');
  assert.match(fault.message, /too old.*list again/);
  // That still goes; each page looks at thousands of what came.
  assert.deepEqual((await history.pages(room, '')).flat(), newestFirst(said));
});

/** Events of a room, as publishing adds them to the stream of this one's shard; without the push, which nobody here follows. */
async function addToShardOf(room: string, ofRoom: string, count: number): Promise<void> {
  const body = '{"Type":"EVENT","Id":"ABCdef34ghIJ","EventName":"goal","Attributes":{}}';
  const entry = encodeEntry({ kind: 'frame', account, room: ofRoom, id: 'ABCdef34ghIJ', body });
  const add = "for i = 1, tonumber(ARGV[2]) do redis.call('XADD', KEYS[1], '*', 'e', ARGV[1]) end";
  // In parts: no run comes near the timeout of a command.
  for (let left = count; left > 0; left -= 5_000) {
    const some = `${Math.min(left, 5_000)}`;
    await history.bus.commands.eval(add, 1, history.bus.keyOfRoom(room, 'room'), entry, some);
  }
}

test('what the stream has no longer is on no page', async () => {
  const room = await history.room();
  await history.say(room, 20);
  const { nextToken } = await history.page(room, 'maxResults=5');
  await history.bus.trim(0);
  assert.deepEqual(await history.page(room, 'maxResults=5', nextToken), { messages: [] });
  const said = await history.say(room, 1);
  assert.deepEqual(await history.pages(room, ''), [newestFirst(said)]);
});
