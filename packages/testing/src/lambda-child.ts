import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from './read-body.ts';

/** One call of a function. */
export type Invocation = {
  readonly id: string;
  readonly payload: Buffer;
  /** The function's ARN, as the caller's. */
  readonly arn: string;
  readonly deadlineMs: number;
};

/** What became of it: the handler's bytes, or the JSON that describes a function error. */
export type Outcome = { readonly kind: 'answered' | 'function-error'; readonly body: Buffer };

/** A program to run as a function, and its environment beside what Lambda gives. */
export type LambdaProgram = {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/** One process of a function with a Runtime API of its own: one invocation at a time. */
export type LambdaChild = {
  pid(): number | undefined;
  /** Hands it an invocation; only once `onIdle` has told that it waits for one. */
  invoke(invocation: Invocation): Promise<Outcome>;
  /** SIGKILL. */
  kill(): void;
  /** Resolves when process and Runtime API are gone. */
  readonly ended: Promise<{ readonly hadStarted: boolean }>;
};

/** Told by a child. */
export type LambdaChildListener = { onIdle(child: LambdaChild): void; onOutput(text: string): void };

const prefix = '/2018-06-01/runtime';

type Running = { readonly id: string; settle(outcome: Outcome): void };

/** Starts the program and the Runtime API behind which it asks for work. */
export async function startLambdaChild(
  name: string,
  program: LambdaProgram,
  listener: LambdaChildListener,
): Promise<LambdaChild> {
  let next: ServerResponse | undefined;
  let running: Running | undefined;
  let hadStarted = false;
  const settle = (outcome: Outcome) => {
    running?.settle(outcome);
    running = undefined;
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'GET' && path === `${prefix}/invocation/next`) {
      hadStarted = true;
      next = response;
      listener.onIdle(self);
      return;
    }
    const kind = path === `${prefix}/init/error` ? 'init' : postKind(path, running?.id);
    if (request.method !== 'POST' || kind === undefined)
      answer(response, 400, '{"errorType":"InvalidRequestID"}');
    else void takeReport(request, response, kind, settle);
  });
  await listen(server);
  const child = run(name, program, server, listener);
  const ended = new Promise<{ hadStarted: boolean }>((resolve) => {
    child.once('close', (code, signal) => {
      server.closeAllConnections();
      server.close();
      settle(exitError(running?.id, signal === null ? `exit status ${code}` : `signal: ${signal}`));
      resolve({ hadStarted });
    });
  });
  const self: LambdaChild = {
    pid: () => child.pid,
    invoke: (invocation) =>
      new Promise((resolve) => {
        running = { id: invocation.id, settle: resolve };
        next?.writeHead(200, headersOf(invocation)).end(invocation.payload);
        next = undefined;
      }),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
  return self;
}

function listen(server: Server): Promise<void> {
  // A child waits in `next` for as long as it likes.
  server.requestTimeout = 0;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

function run(
  name: string,
  program: LambdaProgram,
  server: Server,
  listener: LambdaChildListener,
): ChildProcess {
  const { port } = server.address() as AddressInfo;
  const child = spawn(program.command, program.args ?? [], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      _HANDLER: 'bootstrap',
      ...program.env,
    },
  });
  // A program that can't be started is told as one that ended.
  child.once('error', (error) => listener.onOutput(`${error.message}\n`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => listener.onOutput(chunk.toString()));
  }
  return child;
}

function headersOf(invocation: Invocation): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Aws-Request-Id': invocation.id,
    'Lambda-Runtime-Deadline-Ms': `${invocation.deadlineMs}`,
    'Lambda-Runtime-Invoked-Function-Arn': invocation.arn,
  };
}

type ReportKind = Outcome['kind'] | 'init';

/** Reports count for the invocation that runs, and for no earlier one. */
function postKind(path: string, id: string | undefined): ReportKind | undefined {
  if (id === undefined) return undefined;
  if (path === `${prefix}/invocation/${id}/response`) return 'answered';
  return path === `${prefix}/invocation/${id}/error` ? 'function-error' : undefined;
}

async function takeReport(
  request: IncomingMessage,
  response: ServerResponse,
  kind: ReportKind,
  settle: (outcome: Outcome) => void,
): Promise<void> {
  const body = await readBody(request).catch(() => undefined);
  // The process died while it reported; its end settles the invocation.
  if (body === undefined) return;
  answer(response, 202, '{"status":"OK"}');
  if (kind !== 'init') settle({ kind, body });
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
}

/** What Lambda says of a process that ended in an invocation, or before it could take one. */
export function exitError(id: string | undefined, how: string): Outcome {
  const errorMessage = `RequestId: ${id ?? 'none'} Error: Runtime exited with error: ${how}`;
  const body = Buffer.from(JSON.stringify({ errorMessage, errorType: 'Runtime.ExitError' }));
  return { kind: 'function-error', body };
}
