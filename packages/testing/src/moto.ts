import { type ChildProcess, spawn } from 'node:child_process';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import type { PythonTools } from './python-tools.ts';

/** A moto server on loopback: KMS, S3, CloudWatch Logs and other services of AWS, in memory. */
export type Moto = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  /** SIGSTOP: it freezes with its connections open, as a service that doesn't answer. */
  freeze(): void;
  /** SIGCONT after `freeze`. */
  thaw(): void;
  /** Ends it; all its data is gone. */
  stop(): Promise<void>;
};

/** Starts moto on a free port. Any credentials do: it checks no signatures. */
export async function startMoto(tools: PythonTools): Promise<Moto> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(), tools);
    } catch (error) {
      // It loads for seconds before it listens; somebody else may have got the port meanwhile.
      if (attempt === 3 || !(error as Error).message.includes('Address already in use')) throw error;
    }
  }
}

async function startOn(port: number, tools: PythonTools): Promise<Moto> {
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(tools.motoServer, ['-H', '127.0.0.1', '-p', `${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  await answers(child, url);
  return {
    url,
    pid: child.pid ?? 0,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      process.off('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Python loads for some seconds on a busy machine. */
async function answers(child: ChildProcess, url: string): Promise<void> {
  let output = '';
  // Read to the end: a full pipe would stop the server, which logs every request there.
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000);
  });
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = `moto_server can't be started: ${error.message}`;
  });
  child.once('exit', (code) => {
    failure = `moto_server ended with ${code}:\n${output}`;
  });
  await eventually(async () => failure !== undefined || (await fetch(`${url}/moto-api/`)).ok, 60_000);
  if (failure !== undefined) throw new Error(failure);
}
