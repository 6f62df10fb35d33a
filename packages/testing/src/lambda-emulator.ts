import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Outcome } from './lambda-child.ts';
import { type LambdaFunction, type LambdaFunctionOptions, openLambdaFunction } from './lambda-function.ts';
import { readBody } from './read-body.ts';

/** AWS Lambda on loopback: the Invoke API in front, the Runtime API behind, real processes between. */
export type LambdaEmulator = {
  /** `http://127.0.0.1:<port>`, what the AWS SDK takes as `endpoint`. */
  readonly url: string;
  /** Runs a program as the function of that name. */
  deploy(name: string, options: LambdaFunctionOptions): LambdaFunction;
  /** Ends all processes. */
  close(): Promise<void>;
};

/** Lambda's limit of a request and of an answer, in bytes. */
const mostBytes = 6 * 1024 * 1024;

/** Starts it without functions. It takes only requests that are signed for Lambda, but checks no signature. */
export async function startLambdaEmulator(): Promise<LambdaEmulator> {
  const functions = new Map<string, LambdaFunction>();
  const server = createServer((request, response) => {
    serve(functions, request, response).catch((error: Error) => {
      // The caller is gone, as it is when its own time limit has passed.
      response.destroy(error);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deploy: (name, options) => {
      if (functions.has(name)) throw new Error(`the function ${name} exists already`);
      const deployed = openLambdaFunction(name, options);
      functions.set(name, deployed);
      return deployed;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, ...[...functions.values()].map((deployed) => deployed.close())]);
    },
  };
}

async function serve(
  functions: ReadonlyMap<string, LambdaFunction>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const identifier = invokedFunction(request);
  const payload = await readBody(request);
  if (identifier === undefined) return refuse(response, 404, 'UnknownOperationException', 'Not this one');
  if (!isSigned(request)) {
    return refuse(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const deployed = functions.get(nameIn(identifier));
  if (deployed === undefined) {
    return refuse(response, 404, 'ResourceNotFoundException', `Function not found: ${identifier}`);
  }
  if (payload.length > mostBytes) {
    return refuse(
      response,
      413,
      'RequestTooLargeException',
      `Request must be smaller than ${mostBytes} bytes`,
    );
  }
  if (!isJson(payload)) {
    return refuse(response, 400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
  // Lambda looks at the function and the rights, and runs nothing.
  if (request.headers['x-amz-invocation-type'] === 'DryRun') {
    response.writeHead(204).end();
    return;
  }
  const outcome = deployed.invoke(payload, identifier);
  if (outcome === undefined) {
    const Reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
    return refuse(response, 429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason });
  }
  render(response, sized(await outcome));
}

/** The function that `POST /2015-03-31/functions/<name or ARN>/invocations` names. */
function invokedFunction(request: IncomingMessage): string | undefined {
  const match = /^\/2015-03-31\/functions\/([^/]+)\/invocations(?:\?|$)/.exec(request.url ?? '');
  return request.method === 'POST' && match?.[1] !== undefined ? decodeURIComponent(match[1]) : undefined;
}

/** `name`, `name:alias`, `<account>:function:name` and the ARN with or without a qualifier all mean one function. */
function nameIn(identifier: string): string {
  const rest = identifier.split(':function:').at(-1) ?? identifier;
  return rest.split(':')[0] ?? rest;
}

function isSigned(request: IncomingMessage): boolean {
  const authorization = request.headers.authorization ?? '';
  return authorization.startsWith('AWS4-HMAC-SHA256 ') && authorization.includes('/lambda/aws4_request');
}

function isJson(payload: Buffer): boolean {
  if (payload.length === 0) return true;
  try {
    JSON.parse(payload.toString());
    return true;
  } catch {
    // That is the answer.
    return false;
  }
}

function sized(outcome: Outcome): Outcome {
  if (outcome.body.length <= mostBytes) return outcome;
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${mostBytes} bytes).`;
  const body = Buffer.from(JSON.stringify({ errorMessage, errorType: 'Function.ResponseSizeTooLarge' }));
  return { kind: 'function-error', body };
}

function render(response: ServerResponse, outcome: Outcome): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'X-Amzn-RequestId': randomUUID(),
    'X-Amz-Executed-Version': '$LATEST',
    ...(outcome.kind === 'function-error' ? { 'X-Amz-Function-Error': 'Unhandled' } : {}),
  });
  response.end(outcome.body);
}

function refuse(
  response: ServerResponse,
  status: number,
  errorType: string,
  message: string,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'X-Amzn-RequestId': randomUUID(),
    'X-Amzn-ErrorType': errorType,
  });
  // ResourceNotFoundException spells it `Message`, the others `message`; the SDK reads both.
  response.end(JSON.stringify({ Type: 'User', Message: message, message, ...more }));
}
