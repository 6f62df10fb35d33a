import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { answersOf, flood, openFlooder } from '../src/flood.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { streamTimes } from '../src/stream-times.ts';

const perSecond = 10;
const seconds = 8;
let stage: Stage;

before(async () => {
  // Less than the flood's 240 attempts a second: if they counted, nothing would be left for the other room.
  stage = await openStage({ gateways: 3, accountQuotas: { sendMessagePerSecond: 100 } });
});
after(() => stage?.close());

test('three gateways flooding a room of 10/s: never more than 10 pass in any second of Redis time, 9 on average, the rest get 429, and other rooms keep their share of the account’s rate', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: perSecond });
  const quietRoom = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const open = async (roomIdentifier: string, gateway: number, name: string) => {
    const flooder = await openFlooder(stage.url(gateway), await stage.api.token(roomIdentifier, name), name);
    t.after(flooder.socket.destroy);
    return flooder;
  };
  const flooders = await Promise.all(Array.from({ length: 6 }, (_, n) => open(room, n % 3, `flooder-${n}`)));
  const quiet = await open(quietRoom, 1, 'quiet');
  await Promise.all([flood(flooders, 40, seconds), flood([quiet], 5, seconds)]);
  const all = [...flooders, quiet];
  const sent = all.reduce((sum, one) => sum + one.sent(), 0);
  await eventually(() => assert.equal(answersOf(all), sent), 30_000);

  for (const one of flooders) assert.deepEqual([...one.errors().keys()], [429]);
  const passed = await streamTimes(stage.redis, room.split('/').at(-1) ?? '');
  assert.equal(
    passed.length,
    flooders.reduce((sum, one) => sum + one.confirmed(), 0),
  );
  assert.equal(Math.max(...countsPerSecond(passed)), perSecond);
  const average = (passed.length - 1) / (((passed.at(-1) ?? 0) - (passed[0] ?? 0)) / 1000);
  assert.ok(average >= 9, `only ${average.toFixed(2)} messages a second passed`);

  assert.deepEqual([...quiet.errors()], [], 'the flood took the quiet room’s share of the account’s rate');
  t.diagnostic(`${passed.length} of ${sent} passed, ${average.toFixed(2)}/s`);
});

/** For each time: how many lie in the second that begins with it. */
function countsPerSecond(times: readonly number[]): number[] {
  let last = 0;
  return times.map((time, first) => {
    while (last < times.length && (times[last] as number) < time + 1000) last++;
    return last - first;
  });
}
