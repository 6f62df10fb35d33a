import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** A real redis-server on loopback, for one test file. */
export type RedisServer = {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** SIGKILL: what a crash of the process does. The data folder stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** SIGSTOP: it freezes with its connections open. */
  freeze(): void;
  /** SIGCONT after `freeze`. */
  thaw(): void;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
};

/**
 * Options of a Redis that has on disk whatever it has answered, for tests that kill it and say what is there afterwards:
 * by default, while the disk is slow, a write may be put off for two seconds after it was answered.
 */
export const durable: readonly string[] = ['--appendfsync', 'always'];

/** Starts redis-server with an append-only file; `args` are further options (`['--maxmemory', '10mb']`). */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'roomstream-redis-'));
  let child = await run(port, dir, args);
  const end = () => killAll(child);
  process.once('exit', end);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    killAll(child);
    await ended;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      await kill();
      child = await run(port, dir, args);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      await kill();
      process.off('exit', end);
      // A child that Redis forked to write may live a moment longer.
      rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/**
 * Kills the server and what it has forked to write a snapshot: a fork that waits for its dead parent would hold our
 * pipes, and with them this process, for ever.
 */
function killAll(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}

async function run(port: number, dir: string, args: readonly string[]): Promise<ChildProcess> {
  const fixed = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--save',
    '',
  ];
  const child = spawn('redis-server', [...fixed, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`redis-server can't be started: ${error.message}`)));
  });
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}:\n${output}`);
    await ping(port);
  });
  return child;
}

/** Resolves once the server has loaded its data and answers. */
function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(500, () => socket.destroy(new Error('no answer from redis-server')));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      const text = answer.toString();
      // With a password PING is refused, which shows as well that the server is up.
      if (text.startsWith('+PONG') || text.startsWith('-NOAUTH')) resolve();
      else reject(new Error(`redis-server says ${text.trim()}`));
    });
  });
}
