import { randomUUID } from 'node:crypto';
import {
  exitError,
  type Invocation,
  type LambdaChild,
  type LambdaProgram,
  type Outcome,
  startLambdaChild,
} from './lambda-child.ts';

/** How a function is deployed. */
export type LambdaFunctionOptions = LambdaProgram & {
  /** Processes, and so invocations at a time; one more is throttled. */
  readonly children: number;
  /** After so long the process is killed and the invocation is a function error. 3 s by default. */
  readonly timeoutMs?: number;
};

/** A function as the emulator runs it. */
export type LambdaFunction = {
  /** undefined: all children are busy. */
  invoke(payload: Buffer, arn: string): Promise<Outcome> | undefined;
  /** Invocations at this moment. */
  running(): number;
  /** Process ids of the children that run now. */
  pids(): readonly number[];
  /** How often a child was started. */
  starts(): number;
  /** What the children have written, the last 64 KB. */
  output(): string;
  close(): Promise<void>;
};

const mostOutput = 64 * 1024;
/** Before a program that ended without ever asking for work is started again. */
const restartDelayMs = 200;

/** Starts the children; invocations that come before one is ready wait for it, as in a cold start. */
export function openLambdaFunction(name: string, options: LambdaFunctionOptions): LambdaFunction {
  const { timeoutMs = 3_000 } = options;
  const alive = new Set<LambdaChild>();
  const idle: LambdaChild[] = [];
  const waiting: { take(child: LambdaChild): void; fail(outcome: Outcome): void }[] = [];
  let open = 0;
  let starts = 0;
  let output = '';
  let isClosed = false;
  const onOutput = (text: string) => {
    output = (output + text).slice(-mostOutput);
  };
  const onIdle = (child: LambdaChild) => {
    const first = waiting.shift();
    if (first === undefined) idle.push(child);
    else first.take(child);
  };
  const end = () => {
    for (const child of alive) child.kill();
  };
  process.once('exit', end);
  /** One place of the pool: a child, and after its death the next one. */
  const place = async () => {
    while (!isClosed) {
      starts++;
      const child = await startLambdaChild(name, options, { onIdle, onOutput });
      alive.add(child);
      if (isClosed) child.kill();
      const { hadStarted } = await child.ended;
      alive.delete(child);
      const at = idle.indexOf(child);
      if (at !== -1) idle.splice(at, 1);
      if (hadStarted || isClosed) continue;
      waiting.shift()?.fail(exitError(undefined, 'before it asked for an invocation'));
      await new Promise((resolve) => setTimeout(resolve, restartDelayMs));
    }
  };
  const places = Array.from({ length: options.children }, place);
  const idleChild = () =>
    new Promise<LambdaChild | Outcome>((resolve) => {
      const child = idle.pop();
      if (child === undefined) waiting.push({ take: resolve, fail: resolve });
      else resolve(child);
    });
  const invoke = async (payload: Buffer, arn: string): Promise<Outcome> => {
    open++;
    try {
      const child = await idleChild();
      if ('kind' in child) return child;
      return await withTimeout(child, { id: randomUUID(), payload, arn, deadlineMs: Date.now() + timeoutMs });
    } finally {
      open--;
    }
  };
  return {
    invoke: (payload, arn) => (open >= options.children ? undefined : invoke(payload, arn)),
    running: () => open,
    pids: () => [...alive].flatMap((child) => child.pid() ?? []),
    starts: () => starts,
    output: () => output,
    close: async () => {
      isClosed = true;
      process.off('exit', end);
      end();
      for (const { fail } of waiting.splice(0)) fail(exitError(undefined, 'the emulator was closed'));
      await Promise.all(places);
    },
  };
}

/** The invocation's outcome, or the error of one that took too long, whose process doesn't survive it. */
async function withTimeout(child: LambdaChild, invocation: Invocation): Promise<Outcome> {
  const timeoutMs = invocation.deadlineMs - Date.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => {
      const errorMessage = `${invocation.id} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      const body = Buffer.from(JSON.stringify({ errorMessage, errorType: 'Sandbox.Timedout' }));
      resolve({ kind: 'function-error', body });
      child.kill();
    }, timeoutMs);
  });
  try {
    return await Promise.race([child.invoke(invocation), late]);
  } finally {
    clearTimeout(timer);
  }
}
