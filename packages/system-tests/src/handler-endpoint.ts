import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fleetAccount, fleetRegion } from '@roomstream/testing/fleet';
import { readBody } from '@roomstream/testing/read-body';
import type { Certificate } from './handler-certificates.ts';
import { startHandlerServer } from './handler-server.ts';

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

/** Starts the endpoint on a free port; with a certificate it speaks HTTPS. */
export async function startHandlerEndpoint(certificate?: Certificate): Promise<HandlerEndpoint> {
  const behaviours = new Map<string, Behaviour>();
  const asked = new Map<string, HandlerRequest[]>();
  const server = await startHandlerServer(certificate, (request, response) => {
    // The worker goes away when its time limit has passed; that is what many tests are about.
    response.on('error', () => response.destroy());
    serve(request, response).catch(() => response.destroy());
  });
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
  return {
    url: server.url,
    define: (name, behaviour) => {
      behaviours.set(name, behaviour);
      asked.set(name, []);
      return functionArn(name);
    },
    asked: (name) => asked.get(name) ?? [],
    close: server.close,
  };
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
