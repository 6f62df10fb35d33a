import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processSettings } from '@roomstream/runtime/process';
import { readSettings } from '@roomstream/runtime/settings';
import { readMetrics, sumOf } from '../admin-port.ts';
import { type Command, Failure, type Status, UsageError } from '../command.ts';
import { readOptions } from '../options.ts';

const usage = `Drains a service of this machine or container, and waits until it has ended.

  roomstream drain [<service>] [--pid <number>]

  <service>  gateway (default), control-plane, review-worker, log-shipper
  --pid      its process, where several of that service run here

It sends SIGTERM, as Kubernetes does when it deletes a pod: the service stops being ready, finishes what it has begun (a gateway sends
its connections away at the pace of its settings) and ends. Whoever may signal the process may drain it, and nobody else: the
admin port has no such request. Progress is read from the admin port, ROOMSTREAM_ADMIN_PORT.
A supervisor that restarts what ends (a Deployment, systemd with Restart=always) starts it again: to take it away, scale down or delete
the pod instead.
Exit status: 0 it ended gracefully; 1 it didn't end within ROOMSTREAM_STOP_SECONDS, or can't be found or signalled.
`;

const names = ['gateway', 'control-plane', 'review-worker', 'log-shipper'];
const tellEveryMs = 1_000;

/** Drains a process of this machine. */
export const drain: Command = {
  usage,
  run: async (words, { environment, note }): Promise<Status> => {
    const { values, positionals } = readOptions(words, { pid: { type: 'string' } }, 1);
    const [name = 'gateway'] = positionals;
    if (!names.includes(name)) throw new UsageError(`There is no service ${name}.`);
    const { adminPort, stopSeconds } = readSettings(processSettings, environment);
    const pid = values.pid === undefined ? findPid(name) : givenPid(values.pid, name);
    signal(pid, name);
    note(`${name} ${pid} drains.`);
    const deadline = performance.now() + (stopSeconds + 5) * 1000;
    let toldMs = 0;
    while (isRunning(pid)) {
      if (performance.now() > deadline)
        throw new Failure(
          `${name} ${pid} still runs after ROOMSTREAM_STOP_SECONDS, ${stopSeconds}: its log says more.`,
        );
      if (name === 'gateway' && performance.now() - toldMs > tellEveryMs) {
        toldMs = performance.now();
        // It closes its admin port last.
        const answer = await readMetrics(`http://127.0.0.1:${adminPort}`).catch(() => undefined);
        if (answer !== undefined)
          note(`${sumOf(answer.text, 'roomstream_concurrent_chat_connections')} connections are left.`);
      }
      await delay(50);
    }
    note(`${name} ${pid} has ended.`);
    return 0;
  },
};

function givenPid(text: string, name: string): number {
  const pid = Number(text);
  if (!/^[0-9]+$/.test(text)) throw new UsageError(`--pid must be a number, got ${JSON.stringify(text)}.`);
  if (!runs(pid, name)) throw new Failure(`Process ${pid} is no ${name}.`);
  return pid;
}

/** The one process of that service here. */
function findPid(name: string): number {
  const pids = readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .map(Number)
    .filter((pid) => runs(pid, name));
  const [pid] = pids;
  if (pid === undefined) throw new Failure(`No ${name} runs here.`);
  if (pids.length > 1) throw new Failure(`Several run here, ${pids.join(', ')}: say which with --pid.`);
  return pid;
}

/** Whether it is that service: its program is `services/<name>/dist/src/main.js`, started by whatever command. */
function runs(pid: number, name: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return (
      words.some((word) => word.endsWith(`${name}/dist/src/main.js`)) ||
      words.join(' ').includes(`start.mjs ${name}`)
    );
  } catch {
    // It has just ended.
    return false;
  }
}

function signal(pid: number, name: string): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    throw new Failure(
      `${name} ${pid} can't be signalled: ${(error as Error).message}. Run this as the user that it runs as.`,
    );
  }
}

function isRunning(pid: number): boolean {
  try {
    // A zombie has ended, though nobody has asked for its status yet.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
