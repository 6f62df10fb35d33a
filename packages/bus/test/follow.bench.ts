/**
 * CPU microseconds that a follower needs for an entry of a room that it hasn't joined, at several loads: a real Redis, a
 * process that publishes to such rooms of all shards, and one that has joined another room on each shard. Beside it, at the
 * same moment, a socket of Node that reads the same and does nothing with it.
 * `node packages/bus/dist/test/follow.bench.js [loads] [the same file of another build, to compare]`; the loads are entries a
 * second, 0 for as many as go: 1000,5000,20000,0 when not given.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { startRedis } from '@roomstream/testing/redis-server';
import { Registry } from 'prom-client';
import { type Bus, openBus } from '../src/bus.ts';
import { tallyOf } from '../src/metrics.ts';
import { makeShards } from '../src/shards.ts';
import { accessTo } from './bus-fixture.ts';

const shards = 128;
const idleSeconds = 5;
const seconds = 6;
const mostUnderWay = 400;
const body = `{"Type":"MESSAGE","Content":"${'x'.repeat(260)}"}`;

/** What the follower has used and received. */
type Look = { readonly microseconds: number; readonly received: number; readonly atMs: number };

function open(url: string, registry: Registry): Promise<Bus> {
  return openBus({ access: accessTo(url), shards, log: openLog('bench', 'warn'), registry });
}

/** Rooms of which each shard has `count`. */
function roomsOfEachShard(count: number): string[] {
  const { all, of } = makeShards(shards);
  const left = new Map(all.map((shard) => [shard, count]));
  const rooms: string[] = [];
  while (rooms.length < shards * count) {
    const room = newId();
    const missing = left.get(of(room)) ?? 0;
    if (missing > 0) rooms.push(room);
    left.set(of(room), missing - 1);
  }
  return rooms;
}

/** The process that is measured. */
async function follow(url: string): Promise<void> {
  const registry = new Registry();
  const bus = await open(url, registry);
  const tally = tallyOf(registry);
  const follower = bus.follow({ onEntry: () => undefined, onGap: () => process.exit(1) });
  await Promise.all(roomsOfEachShard(1).map((room) => follower.join(room)));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    if (tally.received !== tally.foreign) process.exit(1);
    const look: Look = { microseconds: user + system, received: tally.foreign, atMs: performance.now() };
    process.send?.(look);
  });
  process.send?.('ready');
}

/** What reading alone costs. */
async function discard(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const channels = makeShards(shards).all.map(({ channel }) => channel);
  socket.write(`HELLO 3\r\nSSUBSCRIBE ${channels.join(' ')}\r\n`);
  await once(socket, 'data');
  socket.resume();
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const look: Look = { microseconds: user + system, received: 0, atMs: performance.now() };
    process.send?.(look);
  });
  process.send?.('ready');
}

/** The process that publishes; each message to it is a rate, for `seconds`. */
async function publish(url: string): Promise<void> {
  const bus = await open(url, new Registry());
  const rooms = roomsOfEachShard(4);
  let underWay = 0;
  const publishOne = async () => {
    underWay++;
    const room = rooms[Math.floor(Math.random() * rooms.length)] as string;
    await bus.publish([{ kind: 'frame', account: '000000000000', room, id: newId(), body }]);
    underWay--;
  };
  process.on('message', async (rate: number) => {
    const beganMs = performance.now();
    let begun = 0;
    for (let ms = 0; ms < seconds * 1000; ms = performance.now() - beganMs) {
      const due = rate === 0 ? Number.POSITIVE_INFINITY : (ms * rate) / 1000;
      for (; begun < due && underWay < mostUnderWay; begun++) void publishOne();
      await delay(1);
    }
    while (underWay > 0) await delay(1);
    process.send?.(begun);
  });
  process.send?.('ready');
}

async function start(
  role: string,
  url: string,
  file = fileURLToPath(import.meta.url),
): Promise<ChildProcess> {
  const child = fork(file, [role, url]);
  child.once('exit', (code) => {
    if (code !== null && code !== 0) throw new Error(`${role} ended with ${code}`);
  });
  await once(child, 'message');
  return child;
}

async function ask<T>(child: ChildProcess, question: string | number): Promise<T> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [T];
  return answer;
}

/** A process that reads, and what it uses while nothing comes. */
class Reader {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #isFollower: boolean;
  #before: Look = { microseconds: 0, received: 0, atMs: 0 };
  #idle = 0;

  constructor(name: string, child: ChildProcess, isFollower: boolean) {
    this.#name = name;
    this.#child = child;
    this.#isFollower = isFollower;
  }

  async begin(): Promise<void> {
    this.#before = await ask<Look>(this.#child, 'look');
  }

  /** What began was a rest. */
  async rest(): Promise<void> {
    const { microseconds, atMs } = await ask<Look>(this.#child, 'look');
    this.#idle = (microseconds - this.#before.microseconds) / (atMs - this.#before.atMs);
  }

  /** What began was `published` entries. */
  async end(published: number): Promise<string> {
    const before = this.#before;
    let after = await ask<Look>(this.#child, 'look');
    while (this.#isFollower && after.received - before.received < published)
      after = await ask<Look>(this.#child, 'look');
    const idle = this.#idle * (after.atMs - before.atMs);
    return `${this.#name} ${((after.microseconds - before.microseconds - idle) / published).toFixed(2)}`;
  }

  stop(): void {
    this.#child.kill();
  }
}

async function measure(rates: readonly number[], other: string | undefined): Promise<void> {
  const redis = await startRedis(['--appendonly', 'no']);
  const follower = await start('follow', redis.url);
  const readers = [
    new Reader('follower', follower, true),
    new Reader('socket alone', await start('discard', redis.url), false),
  ];
  if (other !== undefined)
    readers.push(new Reader('other build', await start('follow', redis.url, other), true));
  const publisher = await start('publish', redis.url);
  const all = <T>(act: (reader: Reader) => Promise<T>): Promise<T[]> => Promise.all(readers.map(act));
  console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, follower: ${follower.pid}`);
  // Twice before, for the compiler of Node.
  for (let warmUp = 0; warmUp < 2; warmUp++) await ask(publisher, 5_000);
  for (const rate of rates) {
    await all((reader) => reader.begin());
    await delay(idleSeconds * 1000);
    await all((reader) => reader.rest());
    await all((reader) => reader.begin());
    const beganMs = performance.now();
    const published = await ask<number>(publisher, rate);
    const perSecond = Math.round((published * 1000) / (performance.now() - beganMs));
    const found = await all((reader) => reader.end(published));
    console.log(`${perSecond} entries a second, us of CPU each: ${found.join(', ')}`);
  }
  for (const reader of readers) reader.stop();
  publisher.kill();
  await redis.stop();
}

const [role = '', where] = process.argv.slice(2);
if (role === 'follow') await follow(where ?? '');
else if (role === 'publish') await publish(where ?? '');
else if (role === 'discard') await discard(where ?? '');
else await measure((role || '1000,5000,20000,0').split(',').map(Number), where);
