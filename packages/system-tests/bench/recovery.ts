import { redisCommand } from '@roomstream/testing/redis-command';
import { cpuSeconds } from '../src/process-usage.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { openLoad } from './load.ts';
import { type RunningRoomstream, raisedQuotas, runningRoomstream } from './peers/roomstream.ts';
import type { Row } from './table.ts';
import { redisCpu } from './usage.ts';
import { idlers } from './workloads/crowd.ts';

const newcomers = 10_000;
const returning = 5_000;
const underWay = 256;
const windowsSeconds = [0, 30];

/** What recovery costs: the same handshakes, returns and drain with a window of 30 s and without one. */
export async function benchRecovery(): Promise<readonly Row[]> {
  const columns: ReadonlyMap<string, string>[] = [];
  for (const seconds of windowsSeconds) columns.push(new Map(await measure(seconds)));
  const [without, withIt] = columns;
  return [...(without ?? [])].map(([what, value]) => [
    `${what}: without recovery, with it`,
    `${value}, ${withIt?.get(what) ?? ''}`,
  ]);
}

async function measure(windowSeconds: number): Promise<readonly Row[]> {
  const stage = await openStage({
    gateways: 1,
    accountQuotas: { ...raisedQuotas, recoveryWindowSeconds: windowSeconds },
    env: { ROOMSTREAM_QUOTAS: 'ivs', NODE_ENV: 'production' },
  });
  const peer = runningRoomstream(stage);
  try {
    await storm(peer, 1_000);
    const rows = [...rowsOf('newcomers', await storm(peer, newcomers))];
    // Their connections are dropped without a close frame when the generator ends.
    await storm(peer, returning);
    rows.push(...rowsOf('those who come back after a drop', await storm(peer, returning)));
    return [...rows, ...(await drain(peer, stage))];
  } finally {
    await peer.stop();
  }
}

type Storm = {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly gatewayMicros: number;
  readonly redisMicros: number;
  readonly commands: number;
};

/** So many handshakes at once; the users are the same each time. */
async function storm(peer: RunningRoomstream, count: number): Promise<Storm> {
  const [pid = 0] = peer.servers;
  const port = peer.stage.redis.port;
  const load = await openLoad(peer);
  try {
    await load.add(idlers(count));
    const before = {
      gateway: cpuSeconds(pid),
      redis: await redisCpu(port),
      commands: await commandsOf(port),
    };
    const opened = await load.generator.open(0, underWay);
    if (opened.failed > 0) throw new Error(`${opened.failed} handshakes failed: ${opened.lastError}`);
    return {
      perSecond: opened.opened / opened.seconds,
      p99Ms: opened.handshakeMs.p99,
      gatewayMicros: ((cpuSeconds(pid) - before.gateway) * 1e6) / count,
      redisMicros: (((await redisCpu(port)) - before.redis) * 1e6) / count,
      commands: ((await commandsOf(port)) - before.commands) / count,
    };
  } finally {
    await load.stop();
  }
}

function rowsOf(
  who: string,
  { perSecond, p99Ms, gatewayMicros, redisMicros, commands }: Storm,
): readonly Row[] {
  return [
    [`${who}: handshakes/s`, perSecond.toFixed(0)],
    [`${who}: handshake p99, ms`, p99Ms.toFixed(1)],
    [`${who}: CPU of the gateway, microseconds a handshake`, gatewayMicros.toFixed(0)],
    [`${who}: CPU of Redis, microseconds a handshake`, redisMicros.toFixed(0)],
    [`${who}: calls of scripts a handshake`, commands.toFixed(2)],
  ];
}

async function drain(peer: RunningRoomstream, { fleet, redis }: Stage): Promise<readonly Row[]> {
  const [gateway] = fleet.gateways;
  if (gateway === undefined) throw new Error('no gateway');
  const load = await openLoad(peer);
  try {
    await load.add(idlers(returning));
    await load.generator.open(0, underWay);
    const before = { redis: await redisCpu(redis.port), gateway: cpuSeconds(gateway.pid) };
    let last = before.gateway;
    const watch = setInterval(() => {
      last = Math.max(last, cpuOrZero(gateway.pid));
    }, 20);
    await gateway.kill('SIGTERM');
    clearInterval(watch);
    return [
      [`draining ${returning} users: CPU of the gateway, ms`, ((last - before.gateway) * 1e3).toFixed(0)],
      ['the same: CPU of Redis, ms', (((await redisCpu(redis.port)) - before.redis) * 1e3).toFixed(0)],
    ];
  } finally {
    await load.stop();
  }
}

/** A process that has ended has none. */
function cpuOrZero(pid: number): number {
  try {
    return cpuSeconds(pid);
  } catch {
    return 0;
  }
}

/** Calls of scripts so far. */
async function commandsOf(port: number): Promise<number> {
  const info = await redisCommand(port, 'INFO', 'commandstats');
  const calls = /^cmdstat_evalsha:calls=(\d+)/m.exec(info)?.[1];
  return Number(calls ?? 0);
}
