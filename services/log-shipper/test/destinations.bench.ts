/**
 * Records per CPU-second that each destination delivers, and the most memory it needs for it, against a server in
 * another process that answers at once. `node services/log-shipper/dist/test/destinations.bench.js [rooms] [records]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '@roomstream/runtime/settings';
import type { Destination } from '@roomstream/store/records';
import { openDestinations } from '../src/destinations/destinations.ts';
import { destinationSettings } from '../src/destinations/settings.ts';
import { allAt, aRoom, configuration, patience, region } from './destinations-fixtures.ts';

const rounds = 8;

/** Takes everything. */
function serve(): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', etag: '"x"' });
      response.end(request.headers['x-amz-target'] === undefined ? '' : '{"FailedPutCount":0}');
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.once('disconnect', () => process.exit());
}

async function measure(name: string, destination: Destination, environment: Record<string, string>) {
  const destinations = openDestinations(readSettings(destinationSettings, environment), region);
  const batch = Array.from({ length: rooms }, (_, at) => aRoom(`Room${at}`, records / rooms, { size: 450 }));
  const deliver = () => destinations.of(configuration(destination)).deliver(batch, 0, patience());
  await deliver();
  const start = process.cpuUsage();
  const startMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    const outcomes = await deliver();
    if (outcomes.some(({ kind }) => kind !== 'delivered')) throw new Error(JSON.stringify(outcomes[0]));
  }
  const { user, system } = process.cpuUsage(start);
  const perCpu = (records * rounds) / ((user + system) / 1e6);
  const perSecond = (records * rounds) / ((performance.now() - startMs) / 1e3);
  const mib = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `${name}: ${Math.round(perCpu)} records per CPU-second, ${Math.round(perSecond)}/s, RSS ${mib} MiB`,
  );
  destinations.close();
}

const [rooms, records] = [Number(process.argv[2] ?? 40), Number(process.argv[3] ?? 10_000)];
if (process.send !== undefined) serve();
else {
  const server = fork(fileURLToPath(import.meta.url));
  const [port] = (await once(server, 'message')) as [number];
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-log-'));
  const aws = allAt(`http://127.0.0.1:${port}`);
  console.log(`${records} records of about 450 bytes in ${rooms} rooms per batch`);
  await measure('s3', { s3: { bucketName: 'bucket' } }, aws);
  await measure('folder', { s3: { bucketName: 'bucket' } }, { ROOMSTREAM_LOG_FOLDERS: `*=${folder}` });
  await measure('cloudwatch-logs', { cloudWatchLogs: { logGroupName: 'group' } }, aws);
  await measure('firehose', { firehose: { deliveryStreamName: 'stream' } }, aws);
  rmSync(folder, { recursive: true });
  server.disconnect();
}
