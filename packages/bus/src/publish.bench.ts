// Prints what publishing and following cost on this machine: node packages/bus/dist/src/publish.bench.js [redis URL]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl } from '@roomstream/runtime/redis';
import { Registry } from 'prom-client';
import { type Bus, type Entry, openBus } from './bus.ts';

const url = process.argv[2] ?? 'redis://127.0.0.1:6379';
/** Set in the child that publishes while its parent measures the receiving. */
const publishes = Number(process.argv[3] ?? 0);
const seconds = 3;
/** Publishes under way at once. */
const underWay = 200;
const body = `{"Type":"MESSAGE","Content":"${'x'.repeat(260)}"}`;
const rooms = Array.from({ length: 50 }, (_, i) => `benchRoom${String(i).padStart(3, '0')}`);

const access = { redisUrl: parseRedisUrl(url), redisCaFile: undefined, redisSentinelPassword: undefined };
const log = openLog('bench', 'warn');
const bus = await openBus({ access, shards: 128, log, registry: new Registry() });

/** Keeps `underWay` publishes going until `isOver`; returns how many were confirmed. */
async function publishUntil(isOver: (begun: number) => boolean, by: Bus): Promise<number> {
  let begun = 0;
  let confirmed = 0;
  const one = async () => {
    while (!isOver(begun)) {
      const room = rooms[begun++ % rooms.length] as string;
      const entry: Entry = { kind: 'frame', account: '000000000000', room, id: newId(), body };
      if ((await by.publish([entry])).kind === 'published') confirmed++;
    }
  };
  await Promise.all(Array.from({ length: underWay }, one));
  return confirmed;
}

/** Runs `work`, which returns how often it did something, and prints rate and CPU time of this process for each. */
async function measure(name: string, work: () => Promise<number>): Promise<void> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  const count = await work();
  const { user, system } = process.cpuUsage(before);
  const rate = Math.round((count * 1000) / (performance.now() - startMs)).toLocaleString('en');
  process.stdout.write(
    `${name.padEnd(34)}${rate.padStart(9)} /s ${((user + system) / count).toFixed(1).padStart(7)} us of CPU each\n`,
  );
}

/** Lets a child publish, and counts what arrives. */
async function receive(count: number, arrived: () => number): Promise<number> {
  const child = fork(new URL(import.meta.url), [url, `${count}`]);
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0 || arrived() < count) throw new Error(`${arrived()} of ${count} entries arrived`);
  return count;
}

if (publishes > 0) {
  await publishUntil((begun) => begun >= publishes, bus);
} else {
  process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${url}\n`);
  await publishUntil((begun) => begun >= 5_000, bus);
  const endMs = performance.now() + seconds * 1000;
  await measure(`publish, ${underWay} under way`, () => publishUntil(() => performance.now() > endMs, bus));
  let arrived = 0;
  const follower = bus.follow({ onEntry: () => void arrived++, onGap: () => undefined });
  for (const room of rooms) await follower.join(room);
  await measure('receive, of rooms joined', () => receive(50_000, () => arrived));
}
await bus.close();
