import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type Gateway, metric, openStage, type Stage } from './stage.ts';

let stage: Stage;
let one: Gateway;
let two: Gateway;

before(async () => {
  stage = await openStage({ ROOMSTREAM_GATEWAY_REFRESH_OVERLAP_MS: '1000' });
  one = await stage.gateway();
  two = await stage.gateway();
});
after(() => stage.close());

/** Frames that both gateways count as delivered. */
async function delivered(): Promise<number> {
  const counts = await Promise.all(
    [one, two].map((at) => metric(at, 'roomstream_messaging_deliveries_total')),
  );
  return counts.reduce((sum, count) => sum + count);
}

for (const [where, next] of [
  ['the same gateway', () => one],
  ['another gateway', () => two],
] as const) {
  test(`a refresh at ${where} brings what the room said while it opened, in order, before what comes later`, async () => {
    const room = await stage.room({ maximumMessageRatePerSecond: 100 });
    const deliveredBefore = await delivered();
    const ann = await stage.client(one, room, 'ann');
    const bob = await stage.client(one, room, 'bob');
    // A message says that ann's connection is in the registry of users, which is written in the background.
    await ann.answer(ann.say('here'));
    await eventually(
      async () => (await stage.bus.commands.hlen(stage.bus.keyOfRoom(room, `users:${room}:ann`))) === 1,
    );
    const opening = stage.client(next(), room, 'ann');
    const contents: string[] = [];
    let isOpen = false;
    const opened = opening.then((client) => {
      isOpen = true;
      return client;
    });
    for (let n = 0; !isOpen; n++) {
      contents.push(`${n}`);
      await bob.answer(bob.say(`${n}`));
    }
    const refreshed = await opened;
    await bob.answer(bob.say('the end'));
    await refreshed.frame((frame) => frame.Content === 'the end');
    const received = refreshed.frames.map((frame) => frame.Content);
    // Its first frame is from before it opened, and nothing behind that is missing or doubled.
    const from = contents.indexOf(received[0] ?? '');
    assert.ok(from >= 0 && from < contents.length - 1, `${received.length} of ${contents.length + 1}`);
    assert.deepEqual(received, [...contents.slice(from), 'the end']);
    const clients = [ann, bob, refreshed];
    await eventually(async () => {
      const frames = clients.reduce((sum, client) => sum + client.frames.length, 0);
      assert.equal((await delivered()) - deliveredBefore, frames, 'not the frames that were counted');
    });
    for (const client of clients) client.terminate();
  });
}

test('a user who is not in the room gets nothing from before, without a wait', async () => {
  const room = await stage.room();
  const bob = await stage.client(one, room, 'bob');
  await bob.answer(bob.say('before'));
  const startMs = performance.now();
  const ann = await stage.client(two, room, 'ann');
  assert.ok(performance.now() - startMs < 900);
  await bob.answer(bob.say('after'));
  await ann.frame((frame) => frame.Content === 'after');
  assert.equal(ann.frames.length, 1);
  for (const client of [ann, bob]) client.terminate();
});
