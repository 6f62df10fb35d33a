import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { answersOf, flood, openFlooder } from '../src/flood.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { streamTimes } from '../src/stream-times.ts';

/** A tenth of IVS's 1,000/s, so that a small machine can exceed it by far. */
const perSecond = 100;
const seconds = 8;
let stage: Stage;

before(async () => {
  stage = await openStage({ gateways: 3, accountQuotas: { sendMessagePerSecond: perSecond } });
});
after(() => stage?.close());

test('an account’s SendMessage rate holds over three gateways and many rooms: -5 % to +10 % in every second of the flood', async (t) => {
  const rooms = await Promise.all(
    Array.from({ length: 6 }, () => stage.api.createRoom({ maximumMessageRatePerSecond: 100 })),
  );
  const flooders = await Promise.all(
    rooms.map(async (room, n) => {
      const name = `flooder-${n}`;
      const flooder = await openFlooder(stage.url(n % 3), await stage.api.token(room, name), name);
      t.after(flooder.socket.destroy);
      return flooder;
    }),
  );
  await flood(flooders, 60, seconds);
  const sent = flooders.reduce((sum, one) => sum + one.sent(), 0);
  await eventually(() => assert.equal(answersOf(flooders), sent), 30_000);
  for (const one of flooders) assert.ok([...one.errors().keys()].every((code) => code === 429));
  const perRoom = await Promise.all(
    rooms.map((room) => streamTimes(stage.redis, room.split('/').at(-1) ?? '')),
  );
  const times = perRoom.flat().sort((a, b) => a - b);
  const start = times[0] ?? 0;
  // The first second fills the lease of each gateway, the last is cut off by the end of the flood.
  const counts = Array.from(
    { length: seconds - 2 },
    (_, n) => times.filter((time) => Math.floor((time - start) / 1000) === n + 1).length,
  );
  t.diagnostic(`messages in each second: ${counts}`);
  for (const count of counts) {
    assert.ok(count >= perSecond * 0.95 && count <= perSecond * 1.1, `a second had ${count}: ${counts}`);
  }
});
