import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { dial, type FrameSocket, HandshakeRefused, openFrameSocket } from '../src/frame-socket.ts';
import { connectRaw } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';

let stage: Stage;

before(async () => {
  stage = await openStage({ gateways: 3 });
});
after(() => stage?.close());

test('every gateway gives its clients the same frames, byte for byte, in the same order', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const clients = await Promise.all(
    [0, 1, 2, 0, 1, 2].map(async (gateway, n) =>
      connectRaw(stage.url(gateway), await stage.api.token(room, `user-${n}`)),
    ),
  );
  for (const client of clients) t.after(client.socket.destroy);
  // Bursts from all sides at once, so that messages cross; the rate of the room spreads them over a few seconds.
  const confirmed = new Set<string>();
  await Promise.all(
    clients.map(async (client, n) => {
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, i) => client.say(`${n}.${round}.${i}`)),
        );
        for (const answer of answers) if (answer.Type === 'MESSAGE') confirmed.add(answer.Id);
      }
    }),
  );
  await stage.api.client.sendEvent({ roomIdentifier: room, eventName: 'end' });
  for (const client of clients) await client.received((frame) => frame.EventName === 'end');
  const order = clients[0]?.roomTexts() ?? [];
  assert.ok(confirmed.size > 50, `only ${confirmed.size} messages passed`);
  assert.equal(order.length, confirmed.size + 1);
  for (const client of clients) assert.deepEqual(client.roomTexts(), order);
});

test('a client that joins while others talk misses nothing from its handshake on', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const speaker = await connectRaw(stage.url(0), await stage.api.token(room, 'speaker'));
  t.after(speaker.socket.destroy);
  for (let n = 0; n < 10; n++) {
    const joiner = await connectRaw(stage.url(1 + (n % 2)), await stage.api.token(room, `joiner-${n}`));
    const said = await speaker.say(`welcome ${n}`);
    await joiner.received((frame) => frame.Id === said.Id);
    joiner.socket.destroy();
  }
});

test('a token used at one gateway is refused at every gateway', async (t) => {
  const room = await stage.api.createRoom();
  const token = await stage.api.token(room, 'once');
  const socket = await openFrameSocket(stage.url(0), token);
  t.after(socket.destroy);
  for (const gateway of [0, 1, 2]) {
    const error = await openFrameSocket(stage.url(gateway), token).catch((reason: unknown) => reason);
    assert.ok(error instanceof HandshakeRefused, `gateway ${gateway} let the token in again: ${error}`);
    assert.equal(error.status, 401);
    // "JSON body {"errorCode","message"}"
    const body = JSON.parse(error.body) as { errorCode?: unknown; message?: unknown };
    assert.equal(body.errorCode, 401);
    assert.equal(typeof body.message, 'string');
  }
  assert.ok(socket.isOpen());
});

test('of two gateways that get the same token at the same instant exactly one lets it in, 100 times out of 100', async () => {
  const room = await stage.api.createRoom();
  const winners = [0, 0];
  for (let race = 0; race < 100; race++) {
    const token = await stage.api.token(room, `racer-${race}`);
    const dials = await Promise.all([dial(stage.url(0)), dial(stage.url(1))]);
    const outcomes = await Promise.allSettled(dials.map((waiting) => waiting.shake(token)));
    const won = outcomes.map((outcome) => outcome.status === 'fulfilled');
    for (const [n, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') {
        winners[n] = (winners[n] ?? 0) + 1;
        outcome.value.destroy();
      } else
        assert.equal((outcome.reason as HandshakeRefused).status, 401, `race ${race}: ${outcome.reason}`);
    }
    assert.equal(won.filter(Boolean).length, 1, `race ${race} had ${won.filter(Boolean).length} winners`);
  }
  assert.equal((winners[0] ?? 0) + (winners[1] ?? 0), 100);
});

test('a forged, malformed or missing token is refused with 401, and a deleted room’s with 404', async () => {
  const room = await stage.api.createRoom();
  const token = await stage.api.token(room, 'ann');
  const middle = Math.floor(token.length / 2);
  const forged = `${token.slice(0, middle)}${token[middle] === 'A' ? 'B' : 'A'}${token.slice(middle + 1)}`;
  const status = (attempt: Promise<FrameSocket>) =>
    attempt.then(
      () => 101,
      (error: unknown) => (error instanceof HandshakeRefused ? error.status : error),
    );
  for (const wrong of [undefined, 'x', 'a.b', forged, `${token}.${token}`]) {
    assert.equal(await status(openFrameSocket(stage.url(0), wrong)), 401, `let in with ${wrong}`);
  }
  const minted = await Promise.all(Array.from({ length: 20 }, () => stage.api.token(room, 'late')));
  await stage.api.client.deleteRoom({ identifier: room });
  await eventually(async () => {
    assert.equal(await status(openFrameSocket(stage.url(1), minted.pop())), 404);
  }, 5_000);
});
