import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { sumOfSeries } from './sum-of-series.ts';

/** A service of a fleet, running as a process of its own. */
export type FleetProcess = {
  readonly kind: 'gateway' | 'control-plane' | 'review-worker' | 'log-shipper';
  /** 0 of a review worker and a log shipper: they have none. */
  readonly port: number;
  readonly adminPort: number;
  /** `ws://127.0.0.1:<port>` of a gateway, `http://…` of a control plane; the others have none. */
  readonly url: string;
  /** `http://127.0.0.1:<port>` with /healthz, /readyz and /metrics. */
  readonly adminUrl: string;
  readonly pid: number;
  isRunning(): boolean;
  /** What it has written to stdout and stderr, the last 256 KB, over all restarts. */
  output(): string;
  /** The sum of a Prometheus series over its labels, or of those lines that contain `labels`; 0 when absent. */
  metric(name: string, labels?: string): Promise<number>;
  /** The page of /metrics, for several series of the same moment: `sumOfSeries` reads it. */
  metrics(): Promise<string>;
  /** Sends a signal and resolves with the exit code (null after SIGKILL) once the process has ended. */
  kill(signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | null>;
  /** SIGSTOP: it freezes with its connections open. */
  freeze(): void;
  /** SIGCONT after `freeze`. */
  thaw(): void;
  /** Starts it again (killing it first if it runs) on the same ports; resolves when it is ready. */
  restart(): Promise<void>;
};

/** Longest wait for a process to become ready, on a slow and loaded machine. */
const readyWithinMs = 60_000;
const mostOutput = 256 * 1024;

/** Starts a service on free ports, with `args` on its command line; resolves when /readyz says so. */
export async function startFleetProcess(
  kind: FleetProcess['kind'],
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<FleetProcess> {
  let output = '';
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-mostOutput);
  };
  let { child, ports } = await launchFirst(kind, env, args, collect);
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    const ended = exit(child);
    child.kill(signal);
    await ended;
    process.off('exit', end);
    return child.exitCode;
  };
  const adminUrl = `http://127.0.0.1:${ports.adminPort}`;
  const metrics = async () => (await fetch(`${adminUrl}/metrics`)).text();
  return {
    kind,
    ...ports,
    url: `${kind === 'gateway' ? 'ws' : 'http'}://127.0.0.1:${ports.port}`,
    adminUrl,
    get pid() {
      return child.pid ?? 0;
    },
    isRunning: () => !hasEnded(child),
    output: () => output,
    metric: async (name, labels = '') => sumOfSeries(await metrics(), name, labels),
    metrics,
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    restart: async () => {
      await kill('SIGKILL');
      // An outgoing connection of another test may hold the port for a moment.
      ({ child, ports } = await eventually(() => launch(kind, ports, env, args, collect), readyWithinMs));
      process.once('exit', end);
    },
  };
}

type Ports = { readonly port: number; readonly adminPort: number };

const mostFirstTries = 3;

/**
 * A gateway gets a port by number: where the system chooses it, the WebSocket library leaves out SO_REUSEADDR, and the next
 * process couldn't listen there until the connections of a killed one have lingered out. Another process may have taken a
 * port that was free before the gateway listens there; then it gets another one.
 */
async function launchFirst(
  kind: FleetProcess['kind'],
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  collect: (chunk: Buffer) => void,
): Promise<{ child: ChildProcess; ports: Ports }> {
  for (let tries = 1; ; tries++) {
    const port = kind === 'gateway' ? await freePort() : 0;
    try {
      return await launch(kind, { port, adminPort: 0 }, env, args, collect);
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('the port is taken');
      if (!isTaken || kind !== 'gateway' || tries === mostFirstTries) throw error;
    }
  }
}

async function launch(
  kind: FleetProcess['kind'],
  ports: Ports,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  collect: (chunk: Buffer) => void,
): Promise<{ child: ChildProcess; ports: Ports }> {
  const main = fileURLToPath(new URL(`../../../../services/${kind}/dist/src/main.js`, import.meta.url));
  const area = kind.toUpperCase().replace('-', '_');
  const child = spawn(process.execPath, ['--enable-source-maps', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ROOMSTREAM_ADMIN_HOST: '127.0.0.1',
      ROOMSTREAM_ADMIN_PORT: `${ports.adminPort}`,
      [`ROOMSTREAM_${area}_HOST`]: '127.0.0.1',
      [`ROOMSTREAM_${area}_PORT`]: `${ports.port}`,
      ...env,
    },
  });
  let output = '';
  const listen = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-mostOutput);
    collect(chunk);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  try {
    const actual = await until(child, () => announced(output));
    await until(child, () => isReady(actual.adminPort));
    return { child, ports: actual };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${kind} did not become ready: ${(error as Error).message}\n${output}`);
  }
}

/** Waits for a value; gives up when the process ends or the time is over. */
async function until<T>(child: ChildProcess, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    if (Date.now() > deadline) throw new Error(`nothing within ${readyWithinMs} ms`);
    await delay(20);
  }
}

/** The ports in the log line with which a process says that it is up. */
function announced(output: string): Ports | undefined {
  const line = output.split('\n').find((text) => text.endsWith('}') && text.includes(' is up"'));
  return line === undefined ? undefined : pick(JSON.parse(line) as Ports);
}

const pick = ({ port = 0, adminPort }: Partial<Ports> & Pick<Ports, 'adminPort'>): Ports => ({
  port,
  adminPort,
});

async function isReady(adminPort: number): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true ? true : undefined;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function exit(child: ChildProcess): Promise<void> {
  return hasEnded(child) ? Promise.resolve() : new Promise((resolve) => child.once('exit', () => resolve()));
}
