// Prints what the engine costs on this machine: node services/log-shipper/dist/test/shipping.bench.js [part of a name]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBus } from '@roomstream/bus/bus';
import { encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { sleep } from '@roomstream/runtime/backoff';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings, type Settings } from '@roomstream/runtime/settings';
import { presetQuotas } from '@roomstream/store/quotas';
import type { Destination } from '@roomstream/store/records';
import { openStore } from '@roomstream/store/store';
import { startRedis } from '@roomstream/testing/redis-server';
import { openDestinations } from '../src/destinations/destinations.ts';
import type { LogDestination } from '../src/log-destination.ts';
import { startLogShipper } from '../src/log-shipper.ts';
import { logShipperSettings } from '../src/settings.ts';
import { allAt } from './destinations-fixtures.ts';

const account = '000000000000';
const log = openLog('bench', 'warn');

/** Nothing is written: what is left is the engine. */
const sink: LogDestination = {
  kind: 'firehose',
  pace: 'live',
  deliver: async (rooms) => rooms.map(() => ({ kind: 'delivered', rejected: 0 })),
};

type Scenario = {
  readonly destinations: readonly Destination[];
  /** Nothing is delivered anywhere. */
  readonly isSink?: boolean;
  readonly count: number;
  readonly rooms: number;
  /** While it is shipped; without it all waits when the shipper starts. */
  readonly perSecond?: number;
};

const folder: Destination = { s3: { bucketName: 'folder' } };
const s3: Destination = { s3: { bucketName: 'bucket' } };
const cloudWatchLogs: Destination = { cloudWatchLogs: { logGroupName: 'group' } };
const firehose: Destination = { firehose: { deliveryStreamName: 'stream' } };

/** AWS answers after this long. */
const awsMs = 100;

const backlog = { count: 200_000, rooms: 40 };
const scenarios: Readonly<Record<string, Scenario>> = {
  'backlog of 200,000, no destination': { ...backlog, destinations: [folder], isSink: true },
  'backlog of 200,000, folder, 40 rooms': { ...backlog, destinations: [folder] },
  'backlog of 200,000, folder, 1,000 rooms': { ...backlog, destinations: [folder], rooms: 1_000 },
  'backlog of 200,000, S3, 40 rooms': { ...backlog, destinations: [s3] },
  'backlog of 200,000, CloudWatch Logs, 40 rooms': { ...backlog, destinations: [cloudWatchLogs] },
  'backlog of 200,000, Firehose, 40 rooms': { ...backlog, destinations: [firehose] },
  'backlog of 3 × 200,000, all three, 40 rooms': { ...backlog, destinations: [s3, cloudWatchLogs, firehose] },
  '2,000/s for 20 s, folder, 40 rooms': {
    destinations: [folder],
    count: 40_000,
    rooms: 40,
    perSecond: 2_000,
  },
};

const [part = '', ...args] = process.argv.slice(2);
const scenario = scenarios[part];
if (part === 'publish') {
  const [url = '', configurations = '', count, perSecond, rooms] = args;
  await publish(url, configurations.split(','), Number(count), Number(perSecond), Number(rooms));
} else if (part === 'aws') {
  serveAws();
} else if (scenario !== undefined) {
  await measure(part, scenario);
} else {
  process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}\n`);
  // Each in a process of its own: memory that one has grown isn't given back.
  for (const name of Object.keys(scenarios)) if (name.includes(part)) await once(self(name), 'exit');
}

function self(...own: readonly string[]) {
  return fork(new URL(import.meta.url), own);
}

/** Takes everything, after a while. */
function serveAws(): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', async () => {
      await sleep(awsMs);
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', etag: '"x"' });
      response.end(request.headers['x-amz-target'] === undefined ? '' : '{"FailedPutCount":0}');
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.once('disconnect', () => process.exit());
}

/** In a child, so that its work isn't measured. */
async function publish(
  redisUrl: string,
  configurations: readonly string[],
  most: number,
  rate: number,
  rooms: number,
): Promise<void> {
  const settings = readSettings(logShipperSettings, { REDIS_URL: redisUrl });
  const logBacklogRecords = 1_000_000;
  const { shards } = settings;
  const bus = await openBus({ access: settings, shards, logBacklogRecords, log, registry: openMetrics() });
  const names = Array.from({ length: rooms }, () => newId());
  const logs = configurations.map((configuration) => ({ configuration, whenFull: 'drop-oldest' }) as const);
  const sender = encodeSender('viewer-1', { name: 'Viewer' });
  const startMs = performance.now();
  let begun = 0;
  const one = async () => {
    while (begun < most) {
      const room = names[begun++ % names.length] as string;
      const dueMs = rate === 0 ? 0 : startMs + (begun * 1000) / rate - performance.now();
      if (dueMs > 0) await sleep(dueMs);
      const message = { id: newId(), requestId: undefined, attributes: {}, content: 'x'.repeat(200), sender };
      const body = encodeMessage({ ...message, sendTimeMs: bus.clock.nowMs() });
      const outcome = await bus.publish(
        [{ kind: 'frame', account, room, id: message.id, body }],
        undefined,
        logs,
      );
      if (outcome.kind !== 'published') throw new Error(outcome.kind);
    }
  };
  await Promise.all(Array.from({ length: 200 }, one));
  await bus.close();
}

async function measure(name: string, scenario: Scenario): Promise<void> {
  const redis = await startRedis(['--appendonly', 'no']);
  const aws = self('aws');
  const [port] = (await once(aws, 'message')) as [number];
  const path = mkdtempSync(join(tmpdir(), 'roomstream-bench-'));
  const settings = readSettings(logShipperSettings, {
    ...allAt(`http://127.0.0.1:${port}`),
    REDIS_URL: redis.url,
    ROOMSTREAM_LOG_FOLDERS: `folder=${path}`,
    ROOMSTREAM_LOG_WINDOW_SECONDS: '5',
  });
  const ids = await createConfigurations(settings, scenario.destinations);
  const { count, rooms, perSecond: rate = 0 } = scenario;
  const publisher = self('publish', redis.url, ids.join(), `${count}`, `${rate}`, `${rooms}`);
  const published = once(publisher, 'exit');
  if (rate === 0) await published;
  const surroundings = { log, registry: openMetrics() };
  const startMs = performance.now();
  const before = process.cpuUsage();
  const open = scenario.isSink ? () => ({ of: () => sink, close: () => undefined }) : openDestinations;
  const shipper = await startLogShipper(settings, surroundings, open);
  const all = count * ids.length;
  let [mostRss, mostBuffer] = [0, 0];
  const sum = async (metric: string) => {
    const found = await surroundings.registry.getSingleMetric(metric)?.get();
    return found?.values.reduce((total, { value }) => total + value, 0) ?? 0;
  };
  for (let shipped = 0; shipped < all; await sleep(100)) {
    mostRss = Math.max(mostRss, process.memoryUsage.rss());
    mostBuffer = Math.max(mostBuffer, await sum('roomstream_log_buffer_bytes'));
    shipped = await sum('roomstream_log_records_shipped_total');
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startMs) / 1000;
  const mebi = (bytes: number) => Math.round(bytes / 1024 / 1024);
  const figures = [
    `${Math.round(all / seconds).toLocaleString('en')} records/s`,
    `${Math.round((all * 1e6) / (user + system)).toLocaleString('en')} per CPU-second`,
    `${mebi(mostRss)} MiB RSS, of which up to ${mebi(mostBuffer)} MiB buffer`,
  ];
  process.stdout.write(`${name.padEnd(48)}${figures.join(', ')}\n`);
  await published;
  await shipper.stop();
  aws.disconnect();
  await redis.stop();
  rmSync(path, { recursive: true, force: true });
}

async function createConfigurations(
  settings: Settings<typeof logShipperSettings>,
  destinations: readonly Destination[],
): Promise<string[]> {
  const quotas = { of: () => presetQuotas('unlimited') };
  const store = await openStore({ access: settings, quotas, log, registry: openMetrics() });
  const ids: string[] = [];
  for (const destination of destinations) {
    const id = newId();
    ids.push(id);
    const draft = { account, id, name: '', destination, state: 'ACTIVE', tags: {} } as const;
    await store.loggingConfigurations.create(draft, 10);
  }
  await store.close();
  return ids;
}
