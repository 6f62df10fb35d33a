// Prints what finding a room's recent frames costs on this machine, by scanning its shard's stream, and what an index of each room
// would add to every publish: node packages/bus/dist/src/read-room.bench.js [redis URL]. Fills that Redis, and removes what it wrote.
import { cpus } from 'node:os';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl } from '@roomstream/runtime/redis';
import { Registry } from 'prom-client';
import { openBus, type RoomRange } from './bus.ts';

const url = process.argv[2] ?? 'redis://127.0.0.1:6379';
const access = { redisUrl: parseRedisUrl(url), redisCaFile: undefined, redisSentinelPassword: undefined };
const log = openLog('bench', 'warn');
const bus = await openBus({ access, shards: 128, log, registry: new Registry() });
const { commands } = bus;

const room = newId();
const neighbours: string[] = [];
while (neighbours.length < 100) {
  const other = newId();
  if (bus.shardOf(other) === bus.shardOf(room)) neighbours.push(other);
}
const stream = bus.keyOfRoom(room, 'room');
const body = `{"Type":"MESSAGE","Content":"${'x'.repeat(260)}"}`;
const everything: RoomRange = {
  after: undefined,
  through: undefined,
  mostFrames: 1_000,
  mostBytes: 1_048_576,
  countsRest: true,
};

/** Entries that one run of a script adds: each run stays far below the timeout of a command. */
const together = 2_500;

/** Adds entries of one room to the shard's stream and, where it is asked for, to an index of the room. */
const add = `
  for i = 1, ${together} do
    local id = redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])
    if KEYS[2] then redis.call('XADD', KEYS[2], id, ARGV[2], ARGV[3]) end
  end`;

async function fill(entries: number, ofRoom: string, index: readonly string[] = []): Promise<number> {
  const keys = [stream, ...index.slice(0, 1)];
  const entry = `F000000000000${ofRoom}${newId()}${body}`;
  const args = [entry, ...(index.length === 2 ? ['e', index[1] === 'entry' ? entry : ''] : [])];
  for (let added = 0; added < entries; added += together)
    await commands.eval(add, keys.length, ...keys, ...args);
  return entries;
}

/** CPU microseconds of Redis's main thread. */
async function redisMicroseconds(): Promise<number> {
  const info = await commands.info('cpu');
  const read = (kind: string) =>
    Number(new RegExp(`used_cpu_${kind}_main_thread:([0-9.]+)`).exec(info)?.[1] ?? 0);
  return (read('user') + read('sys')) * 1e6;
}

/** Runs `work`, which returns how often it did something, and prints the CPU time of both sides for each. */
async function measure(name: string, unit: string, work: () => Promise<number>): Promise<void> {
  const [startMs, redisBefore, before] = [performance.now(), await redisMicroseconds(), process.cpuUsage()];
  const count = await work();
  const { user, system } = process.cpuUsage(before);
  const redis = (await redisMicroseconds()) - redisBefore;
  const times = [redis, user + system, (performance.now() - startMs) * 1000].map((us) =>
    (us / count).toFixed(2).padStart(8),
  );
  process.stdout.write(
    `${name.padEnd(56)} Redis ${times[0]}, client ${times[1]}, elapsed ${times[2]} us a ${unit}\n`,
  );
}

/** Reads the room so often; returns how many entries were scanned. */
async function read(times: number, entries: number, range: RoomRange = everything): Promise<number> {
  for (let i = 0; i < times; i++) await bus.readRoom(room, range);
  return times * entries;
}

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${url}\n`);
for (let round = 0; round < 5; round++) {
  await commands.del(stream);
  await fill(50_000, newId());
  await measure('scan 50,000 of other rooms', 'entry', () => read(10, 50_000));
  await measure('the same for 100 requests at once', 'entry', async () => {
    await Promise.all(neighbours.map((other) => bus.readRoom(other, everything)));
    return 50_000;
  });
  await commands.del(stream);
  await fill(10_000, room);
  await measure('scan 10,000 of the room, 1,000 wanted', 'entry', () => read(20, 10_000));
  const stopped = { ...everything, mostFrames: 50, countsRest: false };
  await measure('the newest 50 of a busy room', 'reading', () => read(500, 1, stopped));
  await commands.del(stream);
  await measure('publish: XADD to the shard', 'message', () => fill(100_000, room));
  const index = bus.keyOfRoom(room, 'bench-index');
  for (const [what, name] of [
    ['id', 'and to an index of ids'],
    ['entry', 'and to a stream of the room'],
  ] as const) {
    await commands.del(stream, index);
    await measure(`publish: XADD to the shard ${name}`, 'message', () => fill(100_000, room, [index, what]));
    process.stdout.write(`  ${await commands.memory('USAGE', index)} bytes for these 100,000\n`);
  }
  await commands.del(index);
  await fill(together, room, [index, 'id']);
  await commands.xtrim(index, 'MAXLEN', 0);
  process.stdout.write(
    `  ${await commands.memory('USAGE', index)} bytes for the index of a room that is quiet\n`,
  );
  await commands.del(stream, index);
}
await bus.close();
