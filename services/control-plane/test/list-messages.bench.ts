// Prints what calls of ListMessages cost Redis, on a Redis and a control plane of its own:
// node services/control-plane/dist/test/list-messages.bench.js
import { cpus } from 'node:os';
import { encodeEntry } from '@roomstream/bus/entry';
import { newId } from '@roomstream/protocol/ids';
import { account, startUnderTest } from './control-plane-under-test.ts';
import { RoomHistory } from './room-history.ts';

const plane = await startUnderTest();
const history = await RoomHistory.open(plane);
const { commands } = history.bus;

/** CPU microseconds of Redis's main thread so far. */
async function redisMicroseconds(): Promise<number> {
  const info = await commands.info('cpu');
  const read = (kind: string) =>
    Number(new RegExp(`used_cpu_${kind}_main_thread:([0-9.]+)`).exec(info)?.[1] ?? 0);
  return (read('user') + read('sys')) * 1e6;
}

/** Runs `work`, which returns how many calls it made, and prints what each cost. */
async function measure(name: string, work: () => Promise<number>): Promise<void> {
  const [startMs, before] = [performance.now(), await redisMicroseconds()];
  const calls = await work();
  const ms = ((await redisMicroseconds()) - before) / 1000 / calls;
  const elapsedMs = (performance.now() - startMs) / calls;
  process.stdout.write(
    `${name.padEnd(60)} Redis ${ms.toFixed(2)} ms, elapsed ${elapsedMs.toFixed(2)} ms a call\n`,
  );
}

/** Adds entries of other rooms to the room's shard. */
async function addOthers(room: string, count: number): Promise<void> {
  const other = encodeEntry({ kind: 'frame', account, room: newId(), id: newId(), body: 'x'.repeat(300) });
  const add = "for i = 1, tonumber(ARGV[2]) do redis.call('XADD', KEYS[1], '*', 'e', ARGV[1]) end";
  for (let added = 0; added < count; added += 2_500) {
    await commands.eval(add, 1, history.bus.keyOfRoom(room, 'room'), other, '2500');
  }
}

async function firstPages(room: string, query: string, calls: number): Promise<number> {
  for (let i = 0; i < calls; i++) await history.page(room, query);
  return calls;
}

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}\n`);
for (let round = 0; round < 3; round++) {
  const busy = await history.room();
  await history.say(busy, 3_000, 'x'.repeat(100));
  await measure('the newest 50 of a busy room', () => firstPages(busy, '', 200));
  await measure('the newest 100 of a busy room', () => firstPages(busy, 'maxResults=100', 200));
  await measure(
    'all 3,000 of it, 100 a page',
    async () => (await history.pages(busy, 'maxResults=100')).length,
  );
  const quiet = await history.room();
  await addOthers(quiet, 5_000);
  await measure('a room that is quiet, 5,000 entries of others', () => firstPages(quiet, '', 20));
  await addOthers(quiet, 50_000);
  await measure('a room that is quiet, 50,000 entries of others or more', () => firstPages(quiet, '', 10));
}
await history.close();
await plane.stop();
