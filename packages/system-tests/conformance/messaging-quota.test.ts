import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { HandshakeRefused } from '../src/frame-socket.ts';
import { connectRaw } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer } from '../src/viewer.ts';

const refreshes = 3;
let stage: Stage;

before(async () => {
  stage = await openStage({ accountQuotas: { connections: 2, tokenLifeSeconds: 32 } });
});
after(() => stage?.close());

test('at the account’s connection quota newcomers get 429 at every gateway, and stock clients go on refreshing', async (t) => {
  const roomIdentifier = await stage.api.createRoom();
  const viewers = await Promise.all(
    [0, 1].map((n) => connectViewer(stage.api, stage.url(n), { roomIdentifier, userId: `viewer-${n}` })),
  );
  for (const viewer of viewers) t.after(viewer.close);
  const newcomer = async (gateway: number) =>
    connectRaw(stage.url(gateway), await stage.api.token(roomIdentifier, 'newcomer'));
  for (const gateway of [0, 1]) {
    const refused = await newcomer(gateway).catch((error: unknown) => error);
    assert.ok(refused instanceof HandshakeRefused, `gateway ${gateway} let a third connection in`);
    assert.equal(refused.status, 429);
  }
  // "A refresh is never refused because the old connection still counts against the quota."
  for (const viewer of viewers) {
    await eventually(() => viewer.connections().length > refreshes, 60_000);
    assert.deepEqual(viewer.states, ['connecting', 'connected']);
    assert.equal(viewer.tokens(), viewer.connections().length, 'a token was spent on a refused handshake');
  }
  for (const viewer of viewers) viewer.close();
  const admitted = await eventually(() => newcomer(0), 60_000);
  t.after(admitted.socket.destroy);
});
