import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '@roomstream/testing/eventually';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { connectionsOf, processesOf } from '../src/gateway-processes.ts';
import { connectRaw } from '../src/raw-client.ts';
import { assertSameView } from '../src/room-view.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { connectViewer } from '../src/viewer.ts';

// `npm run gateway -- --processes 3`: real processes that share a port.

const processes = 3;
let stage: Stage;
let gateway: FleetProcess;

before(async () => {
  stage = await openStage({
    gateways: 1,
    gatewayArgs: ['--processes', `${processes}`],
    gatewayEnv: {
      ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '0',
      ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '2',
    },
  });
  gateway = stage.gateway(0);
});
after(() => stage?.close());

const readiness = async () => (await fetch(`${gateway.adminUrl}/readyz`)).text();

/** A gateway on the stage's Redis that is expected to end by itself: its exit status and what it said. */
async function runToItsEnd(env: Record<string, string>, args: string[] = ['--processes', '2']) {
  const main = fileURLToPath(new URL('../../../../services/gateway/dist/src/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env['PATH'],
      REDIS_URL: stage.redis.url,
      ROOMSTREAM_TOKEN_KEY_FILE: `${stage.fleet.folder}/token.keys`,
      ROOMSTREAM_GATEWAY_HOST: '127.0.0.1',
      ROOMSTREAM_ADMIN_PORT: '0',
      ROOMSTREAM_LOG_LEVEL: 'fatal',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const [status] = await once(child, 'close');
  return { status, said };
}

test('the kernel spreads connections over the processes that share the port, and messages reach all of them', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const clients = await Promise.all(
    Array.from({ length: 60 }, async (_, n) =>
      connectRaw(gateway.url, await stage.api.token(room, `user-${n}`)),
    ),
  );
  for (const client of clients) t.after(client.socket.destroy);
  const spread = await connectionsOf(gateway, processes);
  t.diagnostic(`60 connections: ${spread.join(', ')}`);
  assert.equal(
    spread.reduce((sum, count) => sum + count),
    60,
  );
  // Each gets 20 of 60 on average; less than 5 on one of them has a probability of 1 in 300,000.
  for (const count of spread) assert.ok(count >= 5, `${spread}`);
  const said = await Promise.all(clients.slice(0, 20).map((client, n) => client.say(`hello ${n}`)));
  assert.deepEqual(
    said.map(({ Type }) => Type),
    said.map(() => 'MESSAGE'),
  );
  for (const client of clients) await eventually(() => client.roomTexts().length === 20);
  assertSameView(
    clients,
    said.map(({ Id }) => Id),
  );
  assert.equal(await gateway.metric('roomstream_messaging_deliveries_total'), 20 * 60);
  assert.equal(await gateway.metric('roomstream_concurrent_chat_connections'), 60);
  assert.equal(await gateway.metric('roomstream_gateway_processes'), processes);
});

test('a process that is killed is started again; its clients come back through the others, and no counter goes backwards', async (t) => {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const viewers = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      connectViewer(stage.api, gateway.url, { roomIdentifier: room, userId: `viewer-${n}` }),
    ),
  );
  for (const viewer of viewers) t.after(viewer.close);
  const [teller] = viewers;
  assert.ok(teller !== undefined);
  await teller.say('before');
  for (const viewer of viewers) await eventually(() => viewer.messages.length === 1);
  const deliveries = () => gateway.metric('roomstream_messaging_deliveries_total');
  const before = await deliveries();
  const pids = processesOf(gateway);
  const admitted = await gateway.metric('roomstream_handshakes_total', 'admitted');
  const spread = await connectionsOf(gateway, processes);
  const fullest = spread.indexOf(Math.max(...spread));
  process.kill(pids[fullest] ?? 0, 'SIGKILL');
  await eventually(async () => new RegExp(`process ${fullest + 1}: (re)?starting`).test(await readiness()));
  assert.ok((await deliveries()) >= before);
  await eventually(async () => (await readiness()) === 'ready\n', 30_000);
  const now = processesOf(gateway);
  assert.equal(now.length, processes);
  assert.equal(now.filter((pid) => pids.includes(pid)).length, processes - 1);
  assert.equal(await gateway.metric('roomstream_gateway_process_restarts_total', 'ended'), 1);
  const lost = () => viewers.filter((viewer) => viewer.tokens() > 1).length;
  await eventually(() => lost() === spread[fullest]);
  for (const viewer of viewers) await viewer.connected();
  await teller.say('after');
  for (const viewer of viewers) await eventually(() => viewer.messages.at(-1)?.content === 'after', 20_000);
  assert.ok((await deliveries()) >= before + viewers.length);
  assert.ok((await gateway.metric('roomstream_handshakes_total', 'admitted')) >= admitted + lost());
  t.diagnostic(`${lost()} of ${viewers.length} clients were on the killed process`);
});

test('a process whose event loop stands still makes the gateway not ready, its metrics stay, and it is replaced', async () => {
  const [pid = 0] = processesOf(gateway);
  const before = await gateway.metric('roomstream_handshakes_total');
  process.kill(pid, 'SIGSTOP');
  await eventually(async () => (await readiness()).includes('process 1: does not answer'), 20_000);
  assert.equal(await gateway.metric('roomstream_handshakes_total'), before);
  await eventually(async () => (await readiness()) === 'ready\n', 60_000);
  assert.equal(isRunning(pid), false);
  assert.equal(await gateway.metric('roomstream_gateway_process_restarts_total', 'hung'), 1);
  assert.ok((await gateway.metric('roomstream_handshakes_total')) >= before);
});

test('signals to single processes are left to the supervisor, since a terminal sends them to all', async () => {
  const pids = processesOf(gateway);
  for (const pid of pids) {
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGINT');
  }
  assert.equal(await readiness(), 'ready\n');
  assert.deepEqual(processesOf(gateway), pids);
});

test('wrong settings end the gateway with one message and status 2, before any process starts', async () => {
  const wrong = await runToItsEnd({ ROOMSTREAM_GATEWAY_DRAIN_SECONDS: 'x' });
  assert.equal(wrong.status, 2);
  assert.equal(
    wrong.said.match(/ROOMSTREAM_GATEWAY_DRAIN_SECONDS must be a whole number/g)?.length,
    1,
    wrong.said,
  );
  const words = await runToItsEnd({}, ['--processes', 'many']);
  assert.equal(words.status, 2);
  assert.match(words.said, /--processes must be a number/);
});

test('what only a process finds out about its settings ends the gateway too, said once', async () => {
  const key = `${stage.fleet.folder}/token.keys`;
  const { status, said } = await runToItsEnd({
    ROOMSTREAM_GATEWAY_TLS_CERT_FILE: key,
    ROOMSTREAM_GATEWAY_PORT: '0',
  });
  assert.equal(status, 2);
  assert.equal(said.match(/go together/g)?.length, 1, said);
  const shards = await runToItsEnd({ ROOMSTREAM_SHARDS: '7', ROOMSTREAM_GATEWAY_PORT: '0' });
  assert.equal(shards.status, 1);
  assert.match(shards.said, /gateway could not start: Redis was first used with ROOMSTREAM_SHARDS=128/);
});

test('a port on which another gateway listens is refused, though the kernel would let both share it', async () => {
  const { status, said } = await runToItsEnd({ ROOMSTREAM_GATEWAY_PORT: `${gateway.port}` });
  assert.equal(status, 1);
  assert.match(said, new RegExp(`can't listen on 127.0.0.1:${gateway.port}: the port is taken`));
});

test('all processes end with a supervisor that is killed, and the port is free at once', async () => {
  const pids = processesOf(gateway);
  await gateway.kill('SIGKILL');
  await eventually(() => pids.every((pid) => !isRunning(pid)));
  await gateway.restart();
});

test('SIGTERM drains all processes together, in the window that one would have', async (t) => {
  const room = await stage.api.createRoom();
  const clients = await Promise.all(
    Array.from({ length: 30 }, async (_, n) =>
      connectRaw(gateway.url, await stage.api.token(room, `user-${n}`)),
    ),
  );
  for (const client of clients) t.after(client.socket.destroy);
  const pids = processesOf(gateway);
  const began = performance.now();
  const ended = gateway.kill('SIGTERM');
  await eventually(async () => (await readiness()).includes('gateway: draining'));
  for (const client of clients) {
    const told = await client.received((frame) => frame.Type === 'ERROR');
    assert.equal(told.ErrorCode, 401);
    assert.equal((await client.socket.ended).code, undefined);
  }
  assert.equal(await ended, 0);
  t.diagnostic(`drained in ${Math.round(performance.now() - began)} ms`);
  assert.ok(performance.now() - began < 15_000);
  assert.ok(pids.every((pid) => !isRunning(pid)));
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
