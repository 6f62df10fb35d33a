import { Backoff, sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import {
  addCounts,
  type MetricsPage,
  type MetricsSnapshot,
  mergedPage,
} from '@roomstream/runtime/merged-metrics';
import { openMeters } from '@roomstream/runtime/meters';
import type { Service, Surroundings } from '@roomstream/runtime/service';
import { type Ended, GatewayProcess } from './gateway-process.ts';
import { sharedPort } from './shared-port.ts';

/** What a supervisor is started with. */
export type SupervisorOptions = {
  /** How many processes should run. */
  readonly processes: number;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
};

const tickMs = 1_000;

/** A process that has served for this long starts the pauses between restarts anew. */
const soundAfterMs = 60_000;

const leastPauseMs = 200;
const mostPauseMs = 30_000;

/**
 * Starts the processes of a gateway and keeps them running. Rejects, with nothing left running, with why the first ones
 * couldn't start: that is a setting, and starting again wouldn't mend it.
 */
export async function startSupervisor(
  options: SupervisorOptions,
  surroundings: Surroundings,
): Promise<Service> {
  const port = await sharedPort(options.host, options.port);
  const supervisor = new Supervisor(port, options.processes, surroundings);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements Service {
  readonly name = 'gateway';
  readonly port: number;
  readonly page: MetricsPage;
  readonly #log: Log;
  readonly #processes: (GatewayProcess | undefined)[];
  readonly #keepers: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  readonly #restarts;
  /** Counters of the processes that have ended. */
  #departed: MetricsSnapshot = [];
  #ticks: NodeJS.Timeout | undefined;

  constructor(port: number, processes: number, { log, registry }: Surroundings) {
    this.port = port;
    this.#log = log;
    this.#processes = new Array<undefined>(processes).fill(undefined);
    const meters = openMeters(registry);
    this.#restarts = meters.counter(
      'roomstream_gateway_process_restarts_total',
      'Processes of the gateway that ended by themselves and were started again, by what happened.',
      'reason',
    );
    for (const reason of ['ended', 'hung']) this.#restarts.inc({ reason }, 0);
    meters.gauge(
      'roomstream_gateway_processes',
      'Processes of the gateway that are ready.',
      () => this.#processes.filter((process) => process?.notReady().length === 0).length,
    );
    const connections = meters.gaugeBy(
      'roomstream_gateway_process_connections',
      'Open connections, by process.',
      'process',
    );
    this.page = mergedPage(async () => {
      await Promise.all(this.#processes.map((process) => process?.readMetrics()));
      for (const [at, process] of this.#processes.entries()) {
        connections.set({ process: at + 1 }, connectionsIn(process?.snapshot ?? []));
      }
      const own = await registry.getMetricsAsJSON();
      // Read in one step: a process that ends has its counters either in its own snapshot or among the departed.
      return [own, this.#departed, ...this.#processes.map((process) => process?.snapshot ?? [])];
    });
  }

  /** The first one alone: what keeps it from starting is said once, and it makes the files that all of them need. */
  async start(): Promise<void> {
    process.once('exit', this.#killAll);
    try {
      const first = this.#fork(0);
      await first.up;
      await Promise.all(this.#processes.map((_, at) => (at === 0 ? first : this.#fork(at)).up));
    } catch (error) {
      this.#killAll();
      await Promise.all(this.#processes.map((process) => process?.ended));
      process.off('exit', this.#killAll);
      throw error;
    }
    for (const [at, process] of this.#processes.entries()) {
      if (process !== undefined) this.#keepers.push(this.#keep(at, process));
    }
    this.#ticks = setInterval(() => this.#tick(), tickMs);
    this.#log.info(
      { processes: this.#processes.length, port: this.port },
      'the processes of the gateway share its port',
    );
  }

  notReady(): readonly string[] {
    return [
      ...(this.#stopping.signal.aborted ? ['draining'] : []),
      ...this.#processes.flatMap((process, at) =>
        (process?.notReady() ?? ['restarting']).map((reason) => `process ${at + 1}: ${reason}`),
      ),
    ];
  }

  /** All drain at once, each in the window that one gateway alone would have. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const process of this.#processes) process?.stop();
    await Promise.all(this.#keepers);
    clearInterval(this.#ticks);
    process.off('exit', this.#killAll);
  }

  readonly #killAll = (): void => {
    for (const process of this.#processes) process?.kill();
  };

  #fork(at: number): GatewayProcess {
    const forked = new GatewayProcess(at + 1, this.port);
    this.#processes[at] = forked;
    // Whoever waits for it hears of it; a failure before that must not count as unhandled.
    forked.up.catch(() => undefined);
    this.#log.info({ process: at + 1, pid: forked.pid }, 'a process of the gateway starts');
    return forked;
  }

  /** Starts another one whenever it ends, until all are to stop. */
  async #keep(at: number, first: GatewayProcess): Promise<void> {
    const backoff = new Backoff(leastPauseMs, mostPauseMs);
    for (let current = first; ; current = this.#fork(at)) {
      const beganMs = performance.now();
      const ended = await current.ended;
      this.#departed = addCounts(this.#departed, current.snapshot);
      this.#processes[at] = undefined;
      if (this.#stopping.signal.aborted) {
        this.#noteStop(at, ended);
        return;
      }
      if (performance.now() - beganMs > soundAfterMs) backoff.reset();
      const pauseMs = Math.round(backoff.nextMs());
      this.#log.error(
        { process: at + 1, pid: current.pid, ...ended, pauseMs },
        'a process of the gateway has ended; it is started again',
      );
      this.#restarts.inc({ reason: current.wasHung ? 'hung' : 'ended' });
      await sleep(pauseMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  #noteStop(at: number, { code, signal }: Ended): void {
    if (code !== 0)
      this.#log.warn({ process: at + 1, code, signal }, 'a process of the gateway stopped ungracefully');
  }

  #tick(): void {
    for (const [at, process] of this.#processes.entries()) {
      if (process?.tick() === true)
        this.#log.error({ process: at + 1, pid: process.pid }, 'a process of the gateway hangs: killed');
    }
  }
}

function connectionsIn(snapshot: MetricsSnapshot): number {
  const metric = snapshot.find(({ name }) => name === 'roomstream_concurrent_chat_connections');
  return metric?.values[0]?.value ?? 0;
}
