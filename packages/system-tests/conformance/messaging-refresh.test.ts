import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { connectRaw } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer, type Viewer } from '../src/viewer.ts';

/**
 * Stock clients refresh 30 s before `tokenExpirationTime` when the token lives a minute or less: with this life every
 * two seconds.
 */
const tokenLifeSeconds = 32;
const refreshes = 5;
let stage: Stage;

before(async () => {
  stage = await openStage({ accountQuotas: { tokenLifeSeconds } });
});
after(() => stage?.close());

test('stock clients refresh their token under traffic without a message lost, doubled or out of order', async (t) => {
  const roomIdentifier = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const witness = await connectRaw(stage.url(0), await stage.api.token(roomIdentifier, 'witness'));
  t.after(witness.socket.destroy);
  const viewers = await Promise.all(
    [0, 1, 0, 1].map((gateway, n) =>
      connectViewer(stage.api, stage.url(gateway), { roomIdentifier, userId: `viewer-${n}` }),
    ),
  );
  for (const viewer of viewers) t.after(viewer.close);
  const confirmed = await Promise.all(viewers.map(chatUntilRefreshed));
  const spoken = await witness.say('the end');
  await witness.received((frame) => frame.Id === spoken.Id);
  const order = witness.frames().map((frame) => frame.Id);
  assert.ok(confirmed.flat().every((id) => order.includes(id)));
  for (const viewer of viewers) {
    await eventually(() => assert.equal(viewer.messages.at(-1)?.id, spoken.Id), 20_000);
    // All have seen the first message of the last one to join; from there on all must have seen the same.
    const seen = viewer.messages.map((message) => message.id);
    const start = order.indexOf(seen[0] ?? '');
    assert.deepEqual(seen, order.slice(start), `${viewer.userId} saw something else than the witness`);
    assert.deepEqual(viewer.states, ['connecting', 'connected'], `${viewer.userId} noticed a refresh`);
  }
});

test('while a client refreshes, its old connection stays open until the new one is', async (t) => {
  const roomIdentifier = await stage.api.createRoom();
  const viewer = await connectViewer(stage.api, stage.url(0), { roomIdentifier, userId: 'refresher' });
  t.after(viewer.close);
  await eventually(() => viewer.connections().length > refreshes, 60_000);
  const lives = viewer.connections();
  for (const [n, life] of lives.slice(0, refreshes).entries()) {
    const next = lives[n + 1];
    await eventually(() => life.closedMs !== undefined, 20_000);
    assert.ok((life.closedMs ?? 0) >= (next?.openedMs ?? Number.POSITIVE_INFINITY));
  }
  assert.deepEqual(viewer.states, ['connecting', 'connected']);
});

/** Says something again and again until the client has refreshed often enough; returns the ids confirmed to it. */
async function chatUntilRefreshed(viewer: Viewer): Promise<readonly string[]> {
  const ids: string[] = [];
  await eventually(async () => {
    ids.push((await viewer.say(`${viewer.userId} says ${ids.length}`)).id);
    // Four viewers stay below the room's rate.
    await delay(40);
    return viewer.connections().length > refreshes;
  }, 90_000);
  return ids;
}
