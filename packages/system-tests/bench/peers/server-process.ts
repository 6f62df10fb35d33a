import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A server of a peer, in a process of its own. */
export type ServerProcess = { readonly pid: number; stop(): Promise<void> };

/** Starts a program; resolves once it has written a line with `sign` (on stdout or stderr). */
export async function startServerProcess(
  command: string,
  args: readonly string[],
  sign: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', ...env },
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const ended = once(child, 'close');
  try {
    await signOf(child, sign);
  } catch (error) {
    end();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      end();
      await ended;
      process.off('exit', end);
    },
  };
}

/** Only the beginning is kept: a server under load may complain a lot. */
const mostOutput = 64 * 1024;

function signOf(child: ChildProcess, sign: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const listen = (chunk: Buffer) => {
      if (output.length < mostOutput) output += chunk.toString();
      if (output.includes(sign)) resolve();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}:\n${output}`)));
  });
}
