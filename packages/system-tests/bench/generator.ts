import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compileC } from './compile-c.ts';

/** How a kind of server is spoken to; `loadgen/dialect.c` has them. */
export type Dialect = 'ivs' | 'plain' | 'socket.io' | 'centrifugo';

/** Where a server listens; an IPv4 address. */
export type Target = { readonly host: string; readonly port: number };

/** Milliseconds. */
export type Latency = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

/** A person in a room. Groups (0 to 3) are measured apart and send at rates of their own. */
export type Viewer = {
  /** Index of the target. */
  readonly target: number;
  readonly room: number;
  readonly group: number;
  /** A slow one reads nothing, and isn't checked. */
  readonly kind: 'listener' | 'sender' | 'slow';
};

/** After opening. */
export type Opened = {
  readonly open: number;
  readonly opened: number;
  readonly failed: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly handshakeMs: Latency;
  readonly lastError: string;
};

/** After a run. */
export type Report = {
  readonly sent: number;
  /** Not sent: the sender's connection was closed. */
  readonly unsendable: number;
  /** Answered with an error, so nobody has to receive them. */
  readonly refused: number;
  readonly expected: number;
  /** Each counted once. */
  readonly delivered: number;
  readonly missing: number;
  /** Sent before the run, and still on their way when it began. */
  readonly earlier: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Of another room. */
  readonly strayed: number;
  /** Doubles around the replacement of a connection, where they are allowed. */
  readonly overlapped: number;
  /** Words of the server that were not expected. */
  readonly errors: number;
  /** Connections that the server closed. */
  readonly closed: number;
  readonly slowCut: number;
  readonly open: number;
  readonly opened: number;
  readonly failed: number;
  readonly replaced: number;
  readonly tokensMissing: number;
  readonly frames: number;
  readonly frameBytes: number;
  readonly reads: number;
  readonly readBytes: number;
  /** Of sending. */
  readonly seconds: number;
  /** Until the last delivery, at least `seconds`. */
  readonly tookSeconds: number;
  /** How far sending fell behind its schedule. */
  readonly mostLateMs: number;
  /** The generator's own. */
  readonly cpuSeconds: number;
  readonly handshakeMs: Latency;
  /** By group. */
  readonly latencyMs: readonly Latency[];
  readonly lastError: string;
};

/** A run of the load. */
export type Run = {
  readonly seconds: number;
  /** Most seconds to wait for the last deliveries; 20 by default. */
  readonly waitSeconds?: number;
  /** Messages per second of each group. */
  readonly rates: readonly number[];
  /** Every listener's connection is replaced once in so many seconds; not at all by default. */
  readonly replaceSeconds?: number;
};

/** The load generator's process. Viewers of a room that sends are all added before the first is opened. */
export type Generator = {
  readonly pid: number;
  /** Bytes of a message's content. */
  setContentBytes(bytes: number): void;
  /** Adds viewers; each needs a token for each connection it will open, where the dialect has tokens. */
  add(viewers: readonly Viewer[], tokens?: (viewer: number) => readonly string[]): void;
  /** Gives more tokens to a viewer, by its place in the order in which they were added. */
  addToken(viewer: number, token: string): void;
  /** Opens every viewer that isn't: at most so many handshakes a second (0: no limit) and under way at once. */
  open(perSecond: number, underWay: number): Promise<Opened>;
  run(run: Run): Promise<Report>;
  stop(): Promise<void>;
};

/** Starts a generator against servers of one dialect. Its failure rejects what it was asked for. */
export async function startGenerator(dialect: Dialect, targets: readonly Target[]): Promise<Generator> {
  const child = spawn(await compileC('loadgen'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const write = (text: string) => void child.stdin.write(text);
  // A generator that has failed has said why; its closed stdin adds nothing.
  child.stdin.on('error', () => undefined);
  const ask = async <T>(command: string): Promise<T> => {
    write(`${command}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error(`the load generator ended at: ${command}`);
    return JSON.parse(line.value) as T;
  };
  write(`dialect ${dialect}\n${targets.map(({ host, port }) => `target ${host} ${port}\n`).join('')}`);
  let added = 0;
  return {
    pid: child.pid ?? 0,
    setContentBytes: (bytes) => write(`content ${bytes}\n`),
    add: (viewers, tokens = () => []) => {
      const text: string[] = [];
      for (const { target, room, group, kind } of viewers) {
        text.push(`viewer ${target} ${room} ${group} ${kind}\n`);
        for (const token of tokens(added)) text.push(`token ${added} ${token}\n`);
        added++;
      }
      write(text.join(''));
    },
    addToken: (viewer, token) => write(`token ${viewer} ${token}\n`),
    open: (perSecond, underWay) => ask(`open ${perSecond} ${underWay}`),
    run: ({ seconds, waitSeconds = 20, replaceSeconds = 0, rates }) =>
      ask(`run ${seconds} ${waitSeconds} ${replaceSeconds} ${rates.join(' ')}`),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
