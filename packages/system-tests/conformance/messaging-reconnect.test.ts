import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { startBalancer } from '../src/balancer.ts';
import { connectRaw } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer, type Viewer } from '../src/viewer.ts';

let stage: Stage;

before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

/** Viewers behind a balancer that leads to `gateway` at first. */
async function behindBalancer(t: { after(fn: () => unknown): void }, gateway: FleetProcess, count: number) {
  const balancer = await startBalancer(gateway);
  t.after(balancer.close);
  const roomIdentifier = await stage.api.createRoom();
  const viewers = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      connectViewer(
        stage.api,
        balancer.url,
        { roomIdentifier, userId: `viewer-${n}` },
        { isWithoutExpirations: true },
      ),
    ),
  );
  for (const viewer of viewers) t.after(viewer.close);
  return { balancer, roomIdentifier, viewers };
}

/** Waits until every viewer is back with one more token, and all hear one of them, each once. */
async function areBack(viewers: readonly Viewer[]): Promise<void> {
  for (const viewer of viewers) {
    await eventually(() => {
      assert.equal(viewer.connections().length, 2, `${viewer.userId}: ${viewer.states}`);
      assert.equal(viewer.room.state, 'connected');
    }, 60_000);
    assert.deepEqual(viewer.states, ['connecting', 'connected', 'connecting', 'connected']);
    assert.equal(viewer.tokens(), 2);
  }
  const said = await viewers[0]?.say('we are back');
  for (const viewer of viewers) {
    await eventually(() => assert.equal(viewer.messages.at(-1)?.id, said?.id), 20_000);
    const ids = viewer.messages.map((message) => message.id);
    assert.equal(new Set(ids).size, ids.length, 'a message was shown twice');
  }
}

// At once: the session of the last one takes a minute to end.
describe('a client that loses its connection', { concurrency: true }, () => {
  test('clients of a draining gateway get ERROR 401, fetch one new token and go on elsewhere', async (t) => {
    const draining = await stage.fleet.addGateway();
    const { balancer, roomIdentifier, viewers } = await behindBalancer(t, draining, 5);
    const raw = await connectRaw(draining.url, await stage.api.token(roomIdentifier, 'raw'));
    await viewers[0]?.say('before');
    balancer.direct(stage.gateway(1));
    const exitCode = draining.kill('SIGTERM');
    const error = await raw.received((frame) => frame.Type === 'ERROR', 60_000);
    assert.equal(error.ErrorCode, 401);
    assert.equal((await raw.socket.ended).code, undefined, 'a close frame would keep official clients away');
    await areBack(viewers);
    assert.equal(await exitCode, 0);
  });

  test('clients of a killed gateway fetch one new token and go on elsewhere', async (t) => {
    const doomed = await stage.fleet.addGateway();
    const { balancer, viewers } = await behindBalancer(t, doomed, 5);
    await viewers[0]?.say('before');
    balancer.direct(stage.gateway(1));
    await doomed.kill('SIGKILL');
    await areBack(viewers);
  });

  test('a session that ends after its minute gets ERROR 401 and a drop; the client comes back with a new token', async (t) => {
    const roomIdentifier = await stage.api.createRoom();
    const order = { roomIdentifier, userId: 'guest', sessionDurationInMinutes: 1 };
    const { token, sessionExpirationTime } = await stage.api.mint(order);
    const raw = await connectRaw(stage.url(0), token);
    const viewer = await connectViewer(stage.api, stage.url(1), order, { isWithoutExpirations: true });
    t.after(viewer.close);
    const error = await raw.received((frame) => frame.Type === 'ERROR', 90_000);
    assert.equal(error.ErrorCode, 401);
    assert.equal((await raw.socket.ended).code, undefined);
    assert.ok(Date.now() >= Date.parse(sessionExpirationTime) - 1_000, 'the session ended early');
    await areBack([viewer]);
  });
});
