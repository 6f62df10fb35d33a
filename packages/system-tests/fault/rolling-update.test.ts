import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spreadText } from '../src/quantiles.ts';
import { runRollingUpdate } from '../src/rolling-update.ts';

// `npm run bench -- rolling-update` is the same with 3,000 clients.

test('three gateways are replaced one after the other, and none of 300 stock clients misses a message, gets one twice or gives up', async (t) => {
  const {
    stops,
    absencesMs,
    messages,
    owed,
    stories,
    missing,
    doubled,
    misordered,
    strays,
    gaveUp,
    returnedMs,
  } = await runRollingUpdate({
    users: 300,
    rooms: 6,
    processes: 2,
    gateways: 3,
    rate: 20,
    drainPerSecond: 50,
  });
  t.diagnostic(`${messages} messages, ${owed} owed, ${returnedMs.length} returns`);
  t.diagnostic(`absences p50 / p99 / longest: ${spreadText(absencesMs)} ms`);
  t.diagnostic(`stops took ${stops.map(({ tookMs }) => Math.round(tookMs)).join(', ')} ms`);
  assert.deepEqual(
    { missing, doubled, misordered, strays, gaveUp },
    { missing: 0, doubled: 0, misordered: 0, strays: 0, gaveUp: [] },
    stories.slice(0, 5).join('\n'),
  );
  assert.deepEqual(
    stops.map(({ code }) => code),
    [0, 0, 0],
  );
  assert.ok(returnedMs.length >= 300, `${returnedMs.length} returns: a gateway had nobody`);
});
