import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fleetAccount, fleetRegion } from '@roomstream/testing/fleet';
import { readBody } from '@roomstream/testing/read-body';

/** What a message review handler is told (the guide's "Request Syntax"). */
export type HandlerRequest = {
  readonly Content: string;
  readonly MessageId: string;
  readonly RoomArn: string;
  readonly Attributes: Readonly<Record<string, string>>;
  readonly Sender: {
    readonly UserId: string;
    readonly Ip: string;
    readonly Attributes: Readonly<Record<string, string>>;
  };
};

/** Answers one invocation, well or badly. */
export type Behaviour = (response: ServerResponse, asked: HandlerRequest) => void | Promise<void>;

/**
 * The Lambda Invoke API without Lambda: functions are behaviours of this process, any number at once. `pass-<ms>` is
 * always there: it allows after so long, and tells in the attribute `handlerMs` how long it really took.
 */
export type HandlerEndpoint = {
  readonly url: string;
  /** Makes a function; returns its ARN. */
  define(name: string, behaviour: Behaviour): string;
  /** All that a function was asked, in order. */
  asked(name: string): readonly HandlerRequest[];
  close(): Promise<void>;
};

/** The ARN of a function in the fleet's account. */
export const functionArn = (name: string): string =>
  `arn:aws:lambda:${fleetRegion}:${fleetAccount}:function:${name}`;

/** Answers with a body, 200 unless told otherwise. */
export function respond(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(bytes);
}

/** Starts the endpoint on a free port. */
export async function startHandlerEndpoint(): Promise<HandlerEndpoint> {
  const behaviours = new Map<string, Behaviour>();
  const asked = new Map<string, HandlerRequest[]>();
  const server = createServer((request, response) => {
    // The worker goes away when its time limit has passed; that is what many tests are about.
    response.on('error', () => response.destroy());
    serve(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const started = performance.now();
    const name = functionIn(request);
    const told = JSON.parse((await readBody(request)).toString()) as HandlerRequest;
    const behaviour = behaviours.get(name) ?? passing(name, started);
    if (behaviour === undefined) {
      const headers = { 'X-Amzn-ErrorType': 'ResourceNotFoundException' };
      return respond(response, { Type: 'User', Message: `Function not found: ${name}` }, 404, headers);
    }
    const list = asked.get(name);
    if (list !== undefined) list.push(told);
    await behaviour(response, told);
  };
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    define: (name, behaviour) => {
      behaviours.set(name, behaviour);
      asked.set(name, []);
      return functionArn(name);
    },
    asked: (name) => asked.get(name) ?? [],
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

function functionIn(request: IncomingMessage): string {
  const match = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url ?? '');
  return decodeURIComponent(match?.[1] ?? '').split(':')[6] ?? '';
}

function passing(name: string, started: number): Behaviour | undefined {
  const ms = /^pass-(\d+)$/.exec(name)?.[1];
  if (ms === undefined) return undefined;
  return async (response, { Content }) => {
    await delay(Number(ms) - (performance.now() - started));
    const handlerMs = `${performance.now() - started}`;
    respond(response, { ReviewResult: 'ALLOW', Content, Attributes: { handlerMs } });
  };
}
