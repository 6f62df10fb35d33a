import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { openMovingCrowd } from '../src/moving-crowd.ts';
import { spreadText } from '../src/quantiles.ts';
import { connectRaw } from '../src/raw-client.ts';

const users = 2_000;
const perSecond = 250;
const roundMs = 200;
const admitSeconds = 5;

test('2,000 stock clients move to the other gateway at a bounded rate when theirs is told to stop, and miss nothing', async (t) => {
  const moving = await openMovingCrowd(
    { users, rooms: 20, processes: 4 },
    {
      gateways: 1,
      accountQuotas: { tokenLifeSeconds: 600 },
      gatewayEnv: {
        ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: `${admitSeconds}`,
        ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '2',
        ROOMSTREAM_GATEWAY_DRAIN_PER_SECOND: `${perSecond}`,
        ROOMSTREAM_GATEWAY_DRAIN_ROUND_MS: `${roundMs}`,
        ROOMSTREAM_STOP_SECONDS: '60',
      },
    },
  );
  try {
    const { stage, endpoints, crowd, rooms } = moving;
    const [room = ''] = rooms;
    const old = stage.gateway(0);
    assert.equal(await old.metric('roomstream_concurrent_chat_connections'), users);
    const next = await stage.fleet.addGateway();
    endpoints.add(next);
    await eventually(() => endpoints.includes(next));
    await crowd.speak(20);

    const watch = watchDrain(old);
    const stopMs = Date.now();
    const ended = old.kill('SIGTERM').then((code) => ({ code, atMs: Date.now() }));
    // Not ready first, while everybody is still there and whoever is sent here all the same gets in.
    await eventually(async () => (await fetch(`${old.adminUrl}/readyz`)).status === 503);
    assert.equal(await old.metric('roomstream_concurrent_chat_connections'), users);
    const late = await connectRaw(old.url, await stage.api.token(room, 'late'));
    assert.ok(Date.now() - stopMs < admitSeconds * 1000, 'too slow to show that handshakes are admitted');
    await eventually(() => !endpoints.includes(old));
    // Refused once the endpoints have changed, and not before.
    await eventually(async () => {
      const token = await stage.api.token(room, 'too late');
      await assert.rejects(
        connectRaw(old.url, token).then(({ socket }) => socket.destroy()),
        { status: 503 },
      );
    });
    const refusedMs = Date.now() - stopMs;
    assert.ok(refusedMs >= admitSeconds * 1000, `refused after ${refusedMs} ms`);
    const { code, atMs } = await ended;
    assertPaced(await watch.stop());
    late.socket.destroy();
    assert.equal(code, 0, old.output());
    await crowd.connected();
    const verdict = await moving.judge();

    t.diagnostic(`stopped in ${atMs - stopMs} ms; ${verdict.messages} messages, ${verdict.owed} owed`);
    t.diagnostic(`absences p50 / p99 / longest: ${spreadText(verdict.absencesMs)} ms`);
    const { missing, doubled, misordered, strays, gaveUp } = verdict;
    assert.deepEqual(
      { missing, doubled, misordered, strays, gaveUp },
      { missing: 0, doubled: 0, misordered: 0, strays: 0, gaveUp: [] },
      verdict.stories.slice(0, 5).join('\n'),
    );
    assert.equal(verdict.returnedMs.length, users, 'everybody has moved once');
  } finally {
    await moving.close();
  }
});

/** What a gateway has counted at some moment between two times. */
type Sample = { readonly fromMs: number; readonly toMs: number; readonly drained: number };

/** Samples how many connections a gateway has sent away, for as long as it can be asked. */
function watchDrain(gateway: FleetProcess): { stop(): Promise<readonly Sample[]> } {
  const samples: Sample[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const fromMs = performance.now();
      const drained = await gateway.metric('roomstream_drained_connections_total').catch(() => undefined);
      if (drained !== undefined) samples.push({ fromMs, toMs: performance.now(), drained });
      await delay(100);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return samples;
    },
  };
}

/** Rounds are `roundMs` apart or more, so between any two samples no more can have been sent away than this allows. */
function assertPaced(samples: readonly Sample[]): void {
  for (const [n, first] of samples.entries()) {
    for (const second of samples.slice(n + 1)) {
      const rounds = Math.floor((second.toMs - first.fromMs) / roundMs) + 1;
      const most = rounds * ((perSecond * roundMs) / 1000);
      const found = second.drained - first.drained;
      assert.ok(
        found <= most,
        `${found} sent away in ${second.toMs - first.fromMs} ms, where ${most} may be`,
      );
    }
  }
}
