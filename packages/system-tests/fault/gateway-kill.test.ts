import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { startChatter } from '../src/chatter.ts';
import { connectRaw } from '../src/raw-client.ts';
import { assertSameView } from '../src/room-view.ts';
import { openStage, type Stage } from '../src/stage.ts';

let stage: Stage;

before(async () => {
  stage = await openStage({ gateways: 3 });
});
after(() => stage?.close());

test('a gateway that is killed takes down its own connections and nothing else', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const connect = async (n: number) => connectRaw(stage.url(n % 3), await stage.api.token(room, `user-${n}`));
  const clients = await Promise.all(Array.from({ length: 15 }, (_, n) => connect(n)));
  for (const client of clients) t.after(client.socket.destroy);
  const doomed = clients.filter((_, n) => n % 3 === 2);
  const others = clients.filter((_, n) => n % 3 !== 2);
  const theirChatter = startChatter(doomed, 200);
  const chatter = startChatter(others, 200);
  await eventually(() => chatter.confirmed.length >= 50 && theirChatter.confirmed.length >= 20, 60_000);
  await stage.gateway(2).kill('SIGKILL');
  for (const client of doomed) assert.equal((await client.socket.ended).code, undefined);
  await theirChatter
    .stop()
    .catch((error: Error) => assert.match(error.message, /^the connection ended before/));
  const before = chatter.confirmed.length;
  await eventually(() => chatter.confirmed.length >= before + 50, 60_000);
  await chatter.stop();
  const last = await others[0]?.say('the end');
  for (const client of others) await client.received((frame) => frame.Id === last?.Id, 30_000);
  // What the dead gateway confirmed to its own people has reached the others too.
  assertSameView(others, [...chatter.confirmed, ...theirChatter.confirmed]);
  assert.deepEqual(
    chatter.errors.filter((error) => error.ErrorCode !== 429),
    [],
  );
  assert.ok(others.every((client) => client.socket.isOpen()));
  t.diagnostic(`longest wait of the others ${Math.round(chatter.longestWaitMs())} ms`);
  // Connections of the dead process linger for a minute; its port must be free at once all the same.
  const restartedMs = performance.now();
  await stage.gateway(2).restart();
  assert.ok(performance.now() - restartedMs < 20_000, 'the port stayed taken');
  const back = await connectRaw(stage.url(2), await stage.api.token(room, 'back'));
  t.after(back.socket.destroy);
  const said = await back.say('here again');
  for (const client of others) await client.received((frame) => frame.Id === said.Id, 30_000);
});
