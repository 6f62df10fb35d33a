import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from '@roomstream/testing/read-body';
import { type LogFault, refusal } from './log-faults.ts';
import type { LogServiceKind } from './log-service.ts';

/**
 * What stands between shippers and a service of AWS, and answers in its place as it is told: one bucket, log group or
 * delivery stream fails and the others work.
 */
export type LogEdge = {
  readonly url: string;
  readonly port: number;
  /** From now on requests for this bucket, group or stream fail so. */
  fail(resource: string, fault: LogFault): void;
  /** Requests that hang go on to hang: who sent them has to give up. */
  heal(resource: string): void;
  /** Requests for the resource so far. */
  requests(resource: string): number;
  close(): Promise<void>;
};

/** Starts it on a free port of loopback, in front of the service at `target`. */
export async function startLogEdge(kind: LogServiceKind, target: string): Promise<LogEdge> {
  const faults = new Map<string, LogFault>();
  const counts = new Map<string, number>();
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request);
    const resource = resourceOf(kind, request, body);
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
    const fault = faults.get(resource);
    if (fault === undefined) return forward(target, request, body, response);
    if (fault === 'hang') return;
    if (fault === 'reset') return void request.socket.resetAndDestroy();
    if (fault === 'cut') {
      // It is done; the caller doesn't learn of it.
      await forward(target, request, body);
      return void request.socket.resetAndDestroy();
    }
    const { status, content } = refusal(kind, fault);
    response.writeHead(status, {
      'Content-Type': kind === 's3' ? 'application/xml' : 'application/x-amz-json-1.1',
    });
    response.end(request.method === 'HEAD' ? undefined : content);
  };
  const server = createServer((request, response) => {
    response.on('error', () => response.destroy());
    // The shipper goes away when it is killed or its time is over.
    serve(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    fail: (resource, fault) => void faults.set(resource, fault),
    heal: (resource) => void faults.delete(resource),
    requests: (resource) => counts.get(resource) ?? 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function resourceOf(kind: LogServiceKind, { url = '' }: IncomingMessage, body: Buffer): string {
  if (kind === 's3') return /^\/([^/?]*)/.exec(url)?.[1] ?? '';
  const asked = JSON.parse(body.toString()) as { logGroupName?: string; DeliveryStreamName?: string };
  return asked.logGroupName ?? asked.DeliveryStreamName ?? '';
}

/** Sends a request on, and its answer back when there is a response to put it into. */
function forward(
  target: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  response?: ServerResponse,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept the service may close at the very moment when it is used again.
    const onward = httpRequest(new URL(url ?? '/', target), { method, headers, agent: false }, (answer) => {
      if (response === undefined) {
        answer.resume().once('end', resolve);
      } else {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response).once('close', resolve);
      }
    });
    onward.once('error', reject);
    onward.end(body);
  });
}
