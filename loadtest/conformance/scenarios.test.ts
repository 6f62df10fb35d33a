import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openStage, type Stage } from '@roomstream/system-tests/stage';
import { eventually } from '@roomstream/testing/eventually';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { needs } from '@roomstream/testing/tools';
import { scenarioNames } from '../lib/pure/settings.ts';
import { runTokens } from '../test/run-program.ts';
import { type K6Run, k6, runScenario } from './run-k6.ts';

let stage: Stage;
const scratch = mkdtempSync(join(tmpdir(), 'roomstream-loadtest-'));

const skip = needs('go');
before(async () => {
  if (skip === false) stage = await openStage({ accountQuotas: { tokenLifeSeconds: 600 } });
});
after(async () => {
  await stage?.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** The smallest load; a threshold of times says nothing of a loaded machine that does other things too. */
const small = {
  ROOMS: '2',
  VIEWERS: '30',
  PROBES: '2',
  RATE: '4',
  // Long enough for the last one's token and handshake, two runs at a time.
  RAMP: '6',
  DURATION: '4',
  SETTLE: '2',
  P99_MS: '20000',
};

function run(
  name: string,
  variables: Readonly<Record<string, string>> = {},
  gateways = stage.fleet.gateways,
) {
  return runScenario(name, {
    ENDPOINT: stage.fleet.controlPlanes[0]?.url ?? '',
    GATEWAYS: gateways.map((gateway) => gateway.url).join(','),
    ...small,
    ...variables,
  });
}

/** Every message reached every connection of its room once; each of `connections` was there for all of them. */
function assertAllDelivered(result: K6Run, connectionsPerRoom: number): void {
  assert.equal(result.status, 0, result.output);
  const sent = result.metric('chat_sent', 'count');
  assert.ok(sent > 0, result.output);
  assert.equal(result.metric('chat_received', 'count'), sent * connectionsPerRoom, result.output);
}

describe('the scenarios', { skip, concurrency: 2 }, () => {
  for (const name of scenarioNames) {
    test(`${name} is read by k6, and has thresholds`, async () => {
      const script = new URL(`../../scenarios/${name}.ts`, import.meta.url);
      const { status, output } = await k6(['inspect', script.pathname]);
      assert.equal(status, 0, output);
      assert.deepEqual(JSON.parse(output).thresholds.chat_missing, ['count==0']);
    });
  }

  test('steady: every message reaches every listener, once', async () => {
    const result = await run('steady');
    assertAllDelivered(result, 15 + 1);
    assert.ok(result.metric('chat_delivery_ms', 'max') > 0, result.output);
    assert.equal(result.metric('chat_joined', 'value'), 1);
  });

  test('fan-out: every message reaches every listener, and each step has times of its own', async () => {
    const result = await run('fan-out', { ROOMS: '1', RATE: '12', VIEWERS: '60' });
    assertAllDelivered(result, 60 + 2);
    for (const step of [25, 50, 100]) {
      assert.ok(result.metric(`chat_delivery_ms{step:${step}}`, 'max') > 0, result.output);
    }
  });

  test('storm: all who arrive get in, and the room goes on chatting', async () => {
    const result = await run('storm', { ROOMS: '1', ARRIVALS: '20', STAY: '1' });
    assertAllDelivered(result, 2);
    const arrivals = result.metric('chat_joined', 'passes') - 1 - 2;
    // The half of 2 s, and 4 s.
    assert.ok(arrivals >= 95, `${arrivals} arrivals\n${result.output}`);
  });

  test('moderation: messages are deleted and users disconnected over both APIs', async () => {
    const result = await run('moderation', { DELETES: '4', DISCONNECTS: '2' });
    assertAllDelivered(result, 15 + 1);
    assert.ok(result.metric('chat_deleted', 'count') >= 8, result.output);
    assert.ok(result.metric('chat_disconnected', 'count') >= 4, result.output);
  });

  test('soak: nothing is lost while connections are exchanged, and memory is measured', async () => {
    const ADMINS = stage.fleet.gateways.map((gateway) => gateway.adminUrl).join(',');
    const result = await run('soak', { DURATION: '8', STAY: '2', RATE: '10', ADMINS });
    assert.equal(result.status, 0, result.output);
    assert.ok(result.metric('chat_joined', 'passes') > 80, result.output);
    assert.ok(result.metric('server_memory_mb', 'value') > 10, result.output);
  });

  test('reconnect: all are back after the death of a gateway', async () => {
    const result = await reconnect(await stage.fleet.addGateway(), (gateway) => gateway.kill('SIGKILL'));
    assert.equal(result.status, 0, result.output);
    // Half of viewers, probes and chatters.
    assert.equal(result.metric('chat_cuts', 'count'), 15 + 1 + 1, result.output);
    assert.equal(result.metric('chat_lost', 'count'), 0);
  });

  test('reconnect: all are back when a gateway drains', async () => {
    const env = {
      ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '1',
      ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '0',
    };
    const result = await reconnect(await stage.fleet.addGateway(env), (gateway) => gateway.kill('SIGTERM'));
    assert.equal(result.status, 0, result.output);
    assert.equal(result.metric('chat_cuts', 'count'), 15 + 1 + 1, result.output);
  });

  test('reconnect: a run in which no connection was cut fails, since it has shown nothing', async () => {
    const result = await run('reconnect', { DURATION: '1' });
    assert.equal(result.status, 99, result.output);
  });

  test('refused messages are errors by their code, and not missing', async () => {
    const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 1 });
    const result = await run('steady', { ROOM_ARNS: room, RATE: '8', SETTLE: '5' });
    assert.equal(result.status, 99, result.output);
    assert.match(result.output, /429: /);
    assert.ok(result.metric('chat_errors', 'count') > 10, result.output);
    assert.equal(result.metric('chat_missing', 'count'), 0, result.output);
  });

  test('an access key that the control plane refuses ends the run at its beginning', async () => {
    const result = await run('steady', { AWS_SECRET_ACCESS_KEY: 'wrong' });
    assert.notEqual(result.status, 0);
    assert.match(result.output, /CreateRoom: 403/);
  });

  test('a wrong setting ends the run with its name', async () => {
    const result = await run('steady', { VIEWERS: 'many' });
    assert.notEqual(result.status, 0);
    assert.match(result.output, /VIEWERS must be a whole number, got \\"many\\"/);
  });
});

describe('npm run tokens', { skip }, () => {
  test('makes a file that a scenario runs with, without an access key', async () => {
    const file = join(scratch, 'tokens.jsonl');
    const rooms = await Promise.all([stage.api.createRoom(), stage.api.createRoom()]);
    const endpoint = stage.fleet.controlPlanes[0]?.url ?? '';
    const args = [
      ...rooms.flatMap((room) => ['--room', room]),
      '--count',
      '34',
      '--out',
      file,
      '--endpoint',
      endpoint,
    ];
    const { status, output } = await runTokens(args);
    assert.equal(status, 0, output);
    assert.match(output, /^34 tokens in .* s; the first expires in (600|5\d\d) s\.\n$/);
    // Two chatters, two probes, thirty viewers.
    const result = await run('steady', { TOKENS: file, AWS_ACCESS_KEY_ID: 'nobody' });
    assertAllDelivered(result, 15 + 1);
  });

  test('a scenario that needs more tokens than there are stops and says so', async () => {
    const file = join(scratch, 'few.jsonl');
    const endpoint = stage.fleet.controlPlanes[0]?.url ?? '';
    const room = await stage.api.createRoom();
    await runTokens(['--room', room, '--count', '5', '--out', file, '--endpoint', endpoint]);
    const result = await run('steady', { TOKENS: file });
    assert.match(result.output, /The file has 5 tokens, and number \d+ is needed/);
    assert.notEqual(result.status, 0);
  });
});

/** Half of all are on `gateway`; something happens to it once they are there. */
async function reconnect(
  gateway: FleetProcess,
  happen: (gateway: FleetProcess) => Promise<unknown>,
): Promise<K6Run> {
  const [healthy] = stage.fleet.gateways;
  assert.ok(healthy !== undefined);
  const result = run('reconnect', { DURATION: '12' }, [gateway, healthy]);
  await eventually(
    async () => assert.equal(await gateway.metric('roomstream_concurrent_chat_connections'), 17),
    30_000,
  );
  await happen(gateway);
  return result;
}
