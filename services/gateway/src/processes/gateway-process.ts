import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MetricsSnapshot } from '@roomstream/runtime/merged-metrics';
import { SettingsError } from '@roomstream/runtime/settings';
import type { FromProcess, ToProcess } from './messages.ts';

/** How a process ended. */
export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A process that doesn't answer for this many ticks isn't ready. */
const silentAfter = 4;

/** A process whose event loop doesn't turn for this many ticks is killed: nobody else would notice it. */
const hungAfter = 30;

const metricsPatienceMs = 1_000;

/** One process of a gateway, as its supervisor sees it. */
export class GatewayProcess {
  readonly pid: number;
  /** Resolves when it serves; rejects with why it couldn't start. */
  readonly up: Promise<void>;
  /** Resolves when it has ended, whatever the reason. */
  readonly ended: Promise<Ended>;
  /** It was killed since its event loop didn't turn. */
  wasHung = false;
  /** Its series when they were last read. */
  snapshot: MetricsSnapshot = [];
  readonly #child: ChildProcess;
  readonly #reads = new Map<number, () => void>();
  #failure: Error | undefined;
  #isUp = false;
  #notReady: readonly string[] = [];
  #lastRead = 0;
  #silentTicks = 0;

  /** Forks it. It shares `port`, and has the environment, the output and the terminal of this process. */
  constructor(number: number, port: number) {
    const main = fileURLToPath(new URL('./process-main.js', import.meta.url));
    // Structured clones: a metric may be NaN or infinite, which JSON can't say.
    this.#child = fork(main, [`${number}`, `${port}`], {
      serialization: 'advanced',
      execArgv: [...process.execArgv, '--enable-source-maps'],
    });
    this.pid = this.#child.pid ?? 0;
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        for (const done of [...this.#reads.values()]) done();
        resolve({ code, signal });
      });
      this.#child.once('error', (error) => {
        this.#failure = error;
        if (this.pid === 0) resolve({ code: 1, signal: null });
      });
    });
    this.up = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => this.#hear(message as FromProcess, resolve));
      void this.ended.then(({ code, signal }) =>
        reject(this.#failure ?? new Error(`it ended with ${signal ?? code}`)),
      );
    });
  }

  /** Reasons why it shouldn't get traffic now. */
  notReady(): readonly string[] {
    if (!this.#isUp) return ['starting'];
    if (this.#silentTicks > silentAfter) return ['does not answer'];
    return this.#notReady;
  }

  /** Once a second. Kills it when it hangs, and says so. Ticks, not time: this process may have been paused itself. */
  tick(): boolean {
    if (!this.#isUp || ++this.#silentTicks !== hungAfter) return false;
    this.wasHung = true;
    this.kill();
    return true;
  }

  /** Reads its series into `snapshot`; of one that doesn't answer they stay as they were. */
  async readMetrics(): Promise<void> {
    if (!this.#isUp) return;
    const read = ++this.#lastRead;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#reads.delete(read);
        resolve();
      };
      const timer = setTimeout(done, metricsPatienceMs);
      this.#reads.set(read, done);
      this.#send({ kind: 'read-metrics', read });
    });
  }

  /** Lets it drain and end. */
  stop(): void {
    if (this.#isUp) this.#send({ kind: 'stop' });
    else this.kill();
  }

  /** SIGKILL. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(message: FromProcess, resolveUp: () => void): void {
    this.#silentTicks = 0;
    if (message.kind === 'up') {
      this.#isUp = true;
      resolveUp();
    } else if (message.kind === 'failed') {
      const { faults } = message;
      this.#failure = faults === undefined ? new Error(message.message) : new SettingsError(faults);
    } else if (message.kind === 'alive') {
      this.#notReady = message.notReady;
    } else {
      this.snapshot = message.snapshot;
      this.#reads.get(message.read)?.();
    }
  }

  #send(message: ToProcess): void {
    // A process that has just ended can't be told; that it ended is heard by itself.
    this.#child.send(message, () => undefined);
  }
}
