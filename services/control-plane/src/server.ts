import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { background } from '@roomstream/runtime/background';
import { sleep } from '@roomstream/runtime/backoff';
import { listen } from '@roomstream/runtime/listen';
import type { Log } from '@roomstream/runtime/log';
import type { TrustedProxies } from '@roomstream/runtime/trusted-proxies';
import type { Answer, Api } from './api.ts';
import type { HttpRequest } from './auth/http-request.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import { endAfterBody } from './end-after-body.ts';
import { renderRawError, requestError } from './errors.ts';
import { callerAddress, isOverTls } from './origin.ts';
import { readBody } from './read-body.ts';
import type { TlsCertificate } from './tls-certificate.ts';

/** What a server needs. */
export type ServerOptions = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** With it the server speaks TLS alone. */
  readonly certificate: TlsCertificate | undefined;
  readonly trustedProxies: TrustedProxies;
  readonly corsOrigins: readonly string[];
  readonly log: Log;
};

/** A listening API server. */
export type ApiServer = {
  readonly port: number;
  /**
   * Goes on for `delayMs` while it asks callers to leave, then takes no more connections, finishes what has begun
   * (10 s at most) and closes all.
   */
  stop(delayMs: number): Promise<void>;
};

/** Request line and headers: UntagResource with 50 keys of 128 characters, percent-encoded, is 77 KB. */
const mostHeaderBytes = 128 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** Longer than the 60 s after which common balancers close an idle connection: we mustn't be the first. */
const keepAliveTimeoutMs = 75_000;
export const stopWithinMs = 10_000;

/** Starts to listen; rejects when the address can't be had. */
export async function startServer(api: Api, options: ServerOptions): Promise<ApiServer> {
  const state = { isStopping: false };
  const server = create(options, (request, response) => {
    background(respond(api, options, state, request, response), options.log, 'answering a request');
  });
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.on('clientError', refuseBytes);
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    stop: async (delayMs) => {
      state.isStopping = true;
      await sleep(delayMs);
      await new Promise<void>((resolve) => {
        const giveUp = setTimeout(() => server.closeAllConnections(), stopWithinMs);
        server.close(() => {
          clearTimeout(giveUp);
          resolve();
        });
      });
    },
  };
}

function create(options: ServerOptions, listener: RequestListener): Server {
  const common = { maxHeaderSize: mostHeaderBytes, connectionsCheckingInterval: 1_000, noDelay: true };
  const { certificate } = options;
  if (certificate === undefined) return createServer(common, listener);
  const server = createTlsServer({ ...common, ...certificate.current(), minVersion: 'TLSv1.2' }, listener);
  certificate.onChange((pair) => server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }));
  return server;
}

async function respond(
  api: Api,
  options: ServerOptions,
  state: { readonly isStopping: boolean },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  const cors = corsHeaders(request, options.corsOrigins);
  response.setHeader('x-amzn-RequestId', requestId);
  if (isPreflight(request)) {
    response.writeHead(204, preflightHeaders(request, cors)).end();
    return;
  }
  for (const [name, value] of Object.entries(cors)) if (value !== undefined) response.setHeader(name, value);
  const answer = await api({
    requestId,
    peer: callerAddress(request, options.trustedProxies),
    read: () => readRequest(request, options),
  });
  // Only a body that was refused for its size is incomplete here.
  const isIncomplete = !request.complete;
  if (state.isStopping || isIncomplete) response.setHeader('connection', 'close');
  writeHead(response, answer);
  if (isIncomplete) endAfterBody(request, response, answer.body ?? '');
  else response.end(answer.body);
}

function writeHead(response: ServerResponse, answer: Answer): void {
  if (answer.errorType !== undefined) response.setHeader('x-amzn-ErrorType', answer.errorType);
  if (answer.body === undefined) {
    response.writeHead(answer.status);
    return;
  }
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
  });
}

async function readRequest(request: IncomingMessage, options: ServerOptions): Promise<HttpRequest> {
  const body = await readBody(request);
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  return {
    method: request.method ?? '',
    rawPath: mark === -1 ? url : url.slice(0, mark),
    rawQuery: mark === -1 ? '' : url.slice(mark + 1),
    headers: joinHeaders(request.rawHeaders),
    body,
    // Asked only for the few that don't sign their payload.
    get isTls() {
      return isOverTls(request, options.certificate !== undefined, options.trustedProxies);
    },
  };
}

function joinHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    const present = headers.get(name);
    headers.set(name, present === undefined ? value : `${present},${value}`);
  }
  return headers;
}

/** Bytes that are no HTTP request, headers that are too large or too slow: no request object exists, but an answer may. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesRead?: number }): void {
  // A connection that was opened in advance and has asked nothing: an answer would be taken for that of its first request.
  const isUnused = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0;
  if (error.code === 'ECONNRESET' || isUnused || !socket.writable) {
    socket.destroy();
    return;
  }
  const message =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? `The headers have more than ${mostHeaderBytes} bytes`
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'The request did not arrive in time'
        : 'The request is not valid HTTP';
  socket.end(renderRawError(requestError(message), randomUUID()), () => socket.destroy());
}
