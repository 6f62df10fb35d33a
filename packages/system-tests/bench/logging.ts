import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@roomstream/testing/eventually';
import { pidOf } from '../src/cluster-spread.ts';
import { shipperMetric } from '../src/log-metrics.ts';
import { logServiceKinds } from '../src/log-service.ts';
import { type LogServices, logServicesEnv, startLogServices } from '../src/log-services.ts';
import { type LoggedCrowd, openLoggedCrowd } from '../src/logged-crowd.ts';
import { readDelays } from '../src/logged-delays.ts';
import { type LoggedPlace, openFolderPlace, openPlace } from '../src/logged-place.ts';
import { cpuSeconds, residentKb } from '../src/process-usage.ts';
import { type Spread, spreadOf, spreadText } from '../src/quantiles.ts';
import { openStage, type Stage } from '../src/stage.ts';
import type { Row } from './table.ts';

const rooms = 40;
/** The load. */
const perSecond = 2_000;
const warmUpSeconds = 3;
const seconds = 12;
const windowSeconds = 5;
/** Chat is compared at a load at which the machine has time: beyond it only the machine's own queue is measured. */
const chatPerSecond = 400;
const rounds = 15;
const roundSeconds = 4;

/** What each destination costs a shipper, and what logging costs chat. Moto's own CPU is nobody's. */
export async function benchLogging(): Promise<readonly Row[]> {
  const services = await startLogServices();
  // They stand for machines elsewhere: what they need they take last.
  for (const pid of services.pids) setPriority(pid, constants.priority.PRIORITY_LOW);
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-logs-'));
  const stage = await openStage({
    logShippers: 1,
    accountQuotas: { tokenLifeSeconds: 600 },
    env: {
      ...logServicesEnv(services.urls),
      ROOMSTREAM_LOG_WINDOW_SECONDS: `${windowSeconds}`,
      ROOMSTREAM_LOG_FOLDERS: `in-a-folder=${folder}`,
    },
  });
  try {
    const rows: Row[] = [
      ['logging: rooms, messages a second, window', `${rooms}, ${perSecond}, ${windowSeconds} s`],
    ];
    const inFolder = await openFolderPlace(stage.api, folder, 'in-a-folder');
    rows.push(...(await cost(stage, inFolder)));
    for (const kind of logServiceKinds) {
      rows.push(...(await cost(stage, await openPlace(stage.api, services, kind, 'chat-logs'))));
    }
    await separate(stage, services);
    const places = await all(stage, services);
    const endIdler = keepBusy();
    try {
      rows.push(...(await chatWithAndWithout(stage, places)));
    } finally {
      endIdler();
    }
    return rows;
  } finally {
    await stage.close();
    await services.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Chat and this process get one processor, log shippers and services another, as they have in a cluster: with all on the
 * same ones it is measured who gets his turn, not what logging costs chat.
 */
async function separate({ fleet, redis }: Stage, services: LogServices): Promise<void> {
  const pin = (processor: number, pids: readonly number[]) =>
    Promise.all(
      pids.map((pid) => promisify(execFile)('taskset', ['-a', '-c', '-p', `${processor}`, `${pid}`])),
    );
  await pin(0, [
    process.pid,
    await pidOf(redis),
    ...[...fleet.gateways, ...fleet.controlPlanes].map(({ pid }) => pid),
  ]);
  await pin(1, [...fleet.logShippers.map(({ pid }) => pid), ...services.pids]);
}

/**
 * Keeps the processor of log shippers and services busy while they are idle: processors of one machine share clock,
 * caches and, where they are threads of one core, its units, so that an idle neighbour alone makes chat faster.
 */
function keepBusy(): () => void {
  const idler = spawn('taskset', ['-c', '1', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  if (idler.pid !== undefined) setPriority(idler.pid, constants.priority.PRIORITY_LOW);
  return () => void idler.kill('SIGKILL');
}

async function all(stage: Stage, services: LogServices): Promise<readonly LoggedPlace[]> {
  const name = 'chat-logs-too';
  // To a bucket: what is delivered to this process would take from the time in which it chats.
  await services.makeDeliveryToBucket(name, name);
  return [
    await openPlace(stage.api, services, 's3', name),
    await openPlace(stage.api, services, 'cloudwatch-logs', name),
    await openPlace(stage.api, services, 'firehose', name, { isMissing: true }),
  ];
}

async function gather(stage: Stage, places: readonly LoggedPlace[]) {
  const loggingConfigurationIdentifiers = places.map(({ configuration }) => configuration.arn);
  const room = { maximumMessageRatePerSecond: 100, loggingConfigurationIdentifiers };
  return openLoggedCrowd(
    stage,
    await Promise.all(Array.from({ length: rooms }, () => stage.api.createRoom(room))),
  );
}

/** One destination alone, with a shipper that has just started. */
async function cost(stage: Stage, place: LoggedPlace): Promise<Row[]> {
  const shipper = stage.logShipper(0);
  await shipper.restart();
  const crowd = await gather(stage, [place]);
  try {
    await crowd.talk({ messages: perSecond * warmUpSeconds, perSecond });
    const since = Date.now();
    const [cpu, shipped] = [cpuSeconds(shipper.pid), await shippedRecords(stage)];
    const begun = performance.now();
    await crowd.talk({ messages: perSecond * seconds, perSecond });
    const talkedSeconds = (performance.now() - begun) / 1000;
    const memoryMb = residentKb(shipper.pid) / 1024;
    await drained(stage);
    const records = (await shippedRecords(stage)) - shipped;
    const used = cpuSeconds(shipper.pid) - cpu;
    const delays = (await readDelays(place)).filter(({ sentMs }) => sentMs >= since);
    return [
      [
        `${place.kind}: records per CPU-second of the shipper (sent a second; its memory)`,
        `${Math.round(records / used)} (${Math.round((perSecond * seconds) / talkedSeconds)}; ${Math.round(memoryMb)} MB)`,
      ],
      [
        `${place.kind}: from sending to being there, p50 / p99 / most, ms`,
        spreadText(delays.map(({ delayMs }) => delayMs)),
      ],
    ];
  } finally {
    crowd.leave();
  }
}

/**
 * Rounds with rooms that aren't logged and rooms that are, in pairs: what the machine does besides concerns both. A round's
 * p99 is 16 messages, which one pause of a process can be; so the pairs are compared, and the median of that is told. With
 * two crowds that aren't logged all rounds together differed by up to 20 % either way.
 */
async function chatWithAndWithout(stage: Stage, places: readonly LoggedPlace[]): Promise<Row[]> {
  const [without, logged] = [await gather(stage, []), await gather(stage, places)];
  const round = async (crowd: LoggedCrowd) => {
    await crowd.talk({ messages: chatPerSecond * roundSeconds, perSecond: chatPerSecond });
    const spread = spreadOf(crowd.takeLatencies());
    await drained(stage);
    return spread;
  };
  try {
    const pairs: { without: Spread; logged: Spread }[] = [];
    for (let n = 0; n <= rounds; n++) {
      const pair = { without: await round(without), logged: await round(logged) };
      // The first is the warm-up.
      if (n > 0) pairs.push(pair);
    }
    const change = (of: (spread: Spread) => number) =>
      percent(median(pairs.map((pair) => of(pair.logged) / of(pair.without) - 1)));
    const both = (crowd: 'without' | 'logged') =>
      `${median(pairs.map((pair) => pair[crowd].p50)).toFixed(2)} / ${median(pairs.map((pair) => pair[crowd].p99)).toFixed(2)}`;
    return [
      [
        `chat at ${chatPerSecond} a second on a processor of its own, p50 / p99 without logging, ms; logged to all services; change in a pair`,
        `${both('without')}; ${both('logged')}; ${change(({ p50 }) => p50)} / ${change(({ p99 }) => p99)}`,
      ],
    ];
  } finally {
    without.leave();
    logged.leave();
  }
}

const median = (values: readonly number[]) => spreadOf(values).p50;

const percent = (share: number) => `${share > 0 ? '+' : ''}${(share * 100).toFixed(0)} %`;

const shippedRecords = (stage: Stage) => shipperMetric(stage, 'roomstream_log_records_shipped_total');

/** Nothing waits to be shipped. */
async function drained(stage: Stage): Promise<void> {
  let last = Number.NaN;
  await eventually(async () => {
    const [shipped, waiting] = [
      await shippedRecords(stage),
      await shipperMetric(stage, 'roomstream_log_backlog_records'),
    ];
    // Twice the same: the queues are looked at once a second.
    const isStill = waiting === 0 && shipped === last;
    last = shipped;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return isStill;
  }, 300_000);
}
