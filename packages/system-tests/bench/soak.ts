import { redisCommand } from '@roomstream/testing/redis-command';
import { residentKb } from '../src/process-usage.ts';
import { spreadOf } from '../src/quantiles.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { openLoad } from './load.ts';
import { faultsOf, type Measured, measure } from './measure.ts';
import { raisedQuotas, runningRoomstream } from './peers/roomstream.ts';
import type { Row } from './table.ts';
import { crowd } from './workloads/crowd.ts';

const rooms = 50;
const viewersEach = 100;
const replaceSeconds = 30;
/** Messages a second of all rooms together. */
const rate = 100;
/** Memory is read at the end of each; in each every connection needs one more token. */
const stepSeconds = replaceSeconds;
/** Longer than tokens wait to be used, short enough that what claims keep of them is constant soon. */
const tokenLifeSeconds = 120;
/** What the streams keep is constant after that. */
const retentionSeconds = 120;

type Sample = { readonly atMs: number; readonly mb: number };

/**
 * Connections come and go for a long time: every one is replaced every 30 s by one with a token of its own, so that 167 a
 * second join and leave. Prints what was faulty, and how the memory of each process, and Redis's, has changed.
 */
export async function benchSoak(seconds: number): Promise<readonly Row[]> {
  const stage = await openStage({
    gateways: 2,
    accountQuotas: { ...raisedQuotas, tokenLifeSeconds },
    env: { ROOMSTREAM_QUOTAS: 'ivs', ROOMSTREAM_STREAM_RETENTION_SECONDS: `${retentionSeconds}` },
  });
  const peer = runningRoomstream(stage);
  const load = await openLoad(peer);
  try {
    const viewers = Array.from({ length: rooms }, (_, n) => crowd(peer.targets.length, n, viewersEach, 1));
    await load.add(viewers.flat());
    await load.open(2_000);
    const memory = new Map<string, Sample[]>();
    const steps: Measured[] = [];
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) {
      // Whoever is replaced early in one step may be replaced late in the next: one is always in hand.
      await load.supply(steps.length === 0 ? 2 : 1);
      steps.push(await measure(peer, load, { seconds: stepSeconds, rates: [rate], replaceSeconds }));
      await sample(stage, memory);
    }
    return [...chatRows(steps), ...[...memory].map(memoryRow)];
  } finally {
    await load.stop();
    await peer.stop();
  }
}

async function sample({ fleet, redis }: Stage, memory: Map<string, Sample[]>): Promise<void> {
  const note = (name: string, mb: number) =>
    memory.set(name, [...(memory.get(name) ?? []), { atMs: performance.now(), mb }]);
  for (const [n, { pid }] of fleet.gateways.entries()) note(`gateway ${n + 1}, RSS`, residentKb(pid) / 1024);
  for (const { pid } of fleet.controlPlanes) note('control plane, RSS', residentKb(pid) / 1024);
  const info = await redisCommand(redis.port, 'INFO', 'memory');
  note('Redis, used_memory', Number(/^used_memory:(\d+)/m.exec(info)?.[1]) / 1024 / 1024);
}

function chatRows(steps: readonly Measured[]): Row[] {
  const sum = (of: (step: Measured) => number) => steps.reduce((all, step) => all + of(step), 0);
  const p99 = spreadOf(steps.map(({ report }) => report.latencyMs[0]?.p99 ?? Number.NaN));
  return [
    ['soak: rooms, connections, messages a second', `${rooms}, ${rooms * viewersEach}, ${rate}`],
    ['seconds of chat', `${Math.round(sum(({ report }) => report.tookSeconds))}`],
    ['deliveries, each checked', `${sum(({ report }) => report.delivered)}`],
    ['connections replaced', `${sum(({ report }) => report.replaced)}`],
    ['faults', faultsOf(steps.map(({ report }) => report))],
    ['p99 of deliveries in a step, median / most, ms', `${p99.p50.toFixed(1)} / ${p99.most.toFixed(1)}`],
  ];
}

/** The median of the second quarter and of the last one: the first warms up. */
function memoryRow([name, samples]: [string, readonly Sample[]]): Row {
  const quarter = (n: number) =>
    samples.slice(Math.floor((samples.length * n) / 4), Math.ceil((samples.length * (n + 1)) / 4));
  const [early, late] = [quarter(1), quarter(3)];
  const median = (some: readonly Sample[], of: (one: Sample) => number) => spreadOf(some.map(of)).p50;
  const [from, to] = [median(early, ({ mb }) => mb), median(late, ({ mb }) => mb)];
  const hours = (median(late, ({ atMs }) => atMs) - median(early, ({ atMs }) => atMs)) / 3_600_000;
  return [
    `${name}, MB: second quarter, last quarter (slope, MB/h)`,
    `${from.toFixed(1)}, ${to.toFixed(1)} (${hours > 0 ? ((to - from) / hours).toFixed(1) : 'too short'})`,
  ];
}
