import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { background } from '@roomstream/runtime/background';
import { Backoff, sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { PlainError } from './plain-error.ts';
import { askRedis } from './redis-ask.ts';

/** A redis-server of our own, on a unix socket. */
export type RedisChild = {
  readonly pid: number | undefined;
  /** Ends it with its data written. */
  stop(): Promise<void>;
};

/** Longest loading of the data at start. */
const loadWithinMs = 120_000;

/**
 * Starts redis-server with its data in `folder`, resolves when it has loaded them. When it dies it is started again.
 * Throws a PlainError with what redis-server says when it can't start.
 */
export async function startRedisChild(
  command: string,
  folder: string,
  socketPath: string,
  log: Log,
): Promise<RedisChild> {
  const dataFolder = join(folder, 'redis');
  const logFile = join(folder, 'redis.log');
  makeFolder(dataFolder);
  await endOrphan(socketPath, log);
  let isStopping = false;
  const launch = async (): Promise<ChildProcess> => {
    const child = await run(command, dataFolder, socketPath, logFile);
    child.once('exit', (code, signal) => {
      if (isStopping) return;
      log.error({ code, signal }, 'redis-server has ended; starting it again');
      background(relaunch(), log, 'starting redis-server again');
    });
    return child;
  };
  let child = await launch();
  const relaunch = async () => {
    const backoff = new Backoff(200, 5_000);
    while (!isStopping) {
      try {
        child = await launch();
        return;
      } catch (err) {
        log.error({ err }, 'redis-server does not start');
        await backoff.pause();
      }
    }
  };
  // Whatever ends this process also ends the child, which is out of reach of the terminal's Ctrl-C.
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  return {
    get pid() {
      return child.pid;
    },
    stop: async () => {
      isStopping = true;
      process.off('exit', end);
      if (hasEnded(child)) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function redisArguments(dataFolder: string, socketPath: string, logFile: string): string[] {
  const options = {
    port: '0',
    unixsocket: socketPath,
    unixsocketperm: '700',
    dir: dataFolder,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    logfile: logFile,
  };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
}

async function run(
  command: string,
  dataFolder: string,
  socketPath: string,
  logFile: string,
): Promise<ChildProcess> {
  const options = redisArguments(dataFolder, socketPath, logFile);
  // Detached: Ctrl-C reaches the terminal's whole process group, and Redis must outlive the services' drain.
  const child = spawn(command, options, { stdio: 'ignore', detached: true });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new PlainError(`${command} can't be started: ${error.message}.`)));
  });
  const deadline = Date.now() + loadWithinMs;
  while (!hasEnded(child) && Date.now() < deadline) {
    const reply = await askRedis(socketPath, 'PING').catch((error: Error) => error.message);
    if (reply === '+PONG') return child;
    await sleep(20);
  }
  child.kill('SIGKILL');
  throw new PlainError(
    `${command} did not start: ${lastLine(logFile)} (all of it is in ${logFile}). Mend that; or, to begin anew without the rooms, move ${dataFolder} away.`,
  );
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new PlainError(
      `${path} can't be the folder of Redis's data (${(error as NodeJS.ErrnoException).code}): move it away.`,
    );
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A former process that was killed leaves its redis-server behind, which holds the data. */
async function endOrphan(socketPath: string, log: Log): Promise<void> {
  const isThere = () =>
    askRedis(socketPath, 'PING').then(
      () => true,
      () => false,
    );
  if (!existsSync(socketPath) || !(await isThere())) return;
  log.warn('a redis-server of a run that was killed is still there; ending it first');
  await askRedis(socketPath, 'SHUTDOWN').catch((err: Error) =>
    log.debug({ err }, 'the connection is gone too'),
  );
  while (await isThere()) await sleep(50);
}

function lastLine(logFile: string): string {
  if (!existsSync(logFile)) return 'it wrote no log';
  const line = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
  // Without process id, role, time and level: `16958:M 22 Nov 2026 17:38:07.735 # `.
  return line.replace(/^\d+:\w \d+ \w+ \d+ [\d:.]+ [#*.-] /, '');
}
