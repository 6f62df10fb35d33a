import { setTimeout as delay } from 'node:timers/promises';
import { startRedisCluster } from '@roomstream/testing/redis-cluster';
import { pidOf } from '../src/cluster-spread.ts';
import { eachOf } from '../src/each-of.ts';
import { cpuSeconds } from '../src/process-usage.ts';
import { connectRaw, type RawClient } from '../src/raw-client.ts';
import { openStageOn } from '../src/stage.ts';
import type { Row } from './table.ts';

const rooms = 120;
const perSecond = 1_000;
const warmUpSeconds = 1;
const tickMs = 20;
const idleSeconds = 4;

/** What a message costs in Redis over 1, 2 and 3 masters of a Cluster. Every message is read by one of two gateways. */
export async function benchMasters(seconds: number): Promise<readonly Row[]> {
  const rows: Row[] = [['masters: rooms, messages a second', `${rooms}, ${perSecond}`]];
  for (const masters of [1, 2, 3]) rows.push(...rowsOf(masters, await measure(masters, seconds)));
  return rows;
}

/** What one deployment of Redis needed. */
type Measured = {
  readonly messagesPerSecond: number;
  /** CPU-microseconds of all masters for each message, and of the master that needed most. */
  readonly redisMicros: number;
  readonly busiestMicros: number;
  /** CPU-milliseconds a second of all masters while nobody says anything: the Cluster's own, and gateways that look. */
  readonly idleMillis: number;
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function rowsOf(masters: number, measured: Measured): readonly Row[] {
  const { messagesPerSecond, redisMicros, busiestMicros, idleMillis } = measured;
  const label = masters === 1 ? '1 master' : `${masters} masters`;
  const share = ((busiestMicros / redisMicros) * 100).toFixed(0);
  return [
    [
      `${label}: CPU microseconds of Redis a message (of the busiest master; its share; messages a second)`,
      `${redisMicros.toFixed(0)} (${busiestMicros.toFixed(0)}; ${share} %; ${Math.round(messagesPerSecond)})`,
    ],
    [`${label}: messages a second with a core for each`, `${Math.round(1e6 / busiestMicros)}`],
    [`${label}: CPU milliseconds of Redis a second while nobody says anything`, idleMillis.toFixed(0)],
  ];
}

/** One person in each room, every other one on the other gateway, sends messages: what the masters' CPU is. */
async function measure(masters: number, seconds: number): Promise<Measured> {
  const cluster = await startRedisCluster({ masters });
  const stage = await openStageOn(cluster);
  const clients: RawClient[] = [];
  try {
    await eachOf(Array.from({ length: rooms }), 8, async () => {
      const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
      const url = stage.url(clients.length % 2);
      clients.push(await connectRaw(url, await stage.api.token(room, 'ann')));
    });
    const pids = await Promise.all(cluster.masters.map(pidOf));
    const heard = () => sum(clients.map((client) => client.texts.length));
    const idleBefore = sum(pids.map(cpuSeconds));
    await delay(idleSeconds * 1000);
    const idleMillis = ((sum(pids.map(cpuSeconds)) - idleBefore) / idleSeconds) * 1000;
    await send(clients, warmUpSeconds);
    const before = { cpu: pids.map(cpuSeconds), heard: heard(), ms: performance.now() };
    await send(clients, seconds);
    const elapsed = (performance.now() - before.ms) / 1000;
    // What is still on its way.
    await delay(500);
    const messages = heard() - before.heard;
    const micros = pids.map((pid, at) => ((cpuSeconds(pid) - (before.cpu[at] ?? 0)) * 1e6) / messages);
    return {
      messagesPerSecond: messages / elapsed,
      redisMicros: sum(micros),
      busiestMicros: Math.max(...micros),
      idleMillis,
    };
  } finally {
    for (const client of clients) client.socket.destroy();
    await stage.close();
  }
}

async function send(clients: readonly RawClient[], forSeconds: number): Promise<void> {
  const began = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = performance.now() - began;
    if (elapsed > forSeconds * 1000) return;
    for (const due = (elapsed * perSecond) / 1000; sent < due; sent++) {
      clients[sent % clients.length]?.socket.sendText(
        JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'x'.repeat(100), RequestId: `${sent}` }),
      );
    }
    await delay(tickMs);
  }
}
