import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from '@roomstream/testing/read-body';

/** Stands between a client of AWS and a service. */
export type SilentEdge = {
  readonly url: string;
  /** Requests of this action reach the service and are never answered; undefined: all are. */
  silence(action: string | undefined): void;
  close(): Promise<void>;
};

/** Starts it in front of a service that speaks AWS's JSON protocol. */
export async function startSilentEdge(service: string): Promise<SilentEdge> {
  let silenced: string | undefined;
  const server = createServer(async (request, response) => {
    try {
      const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
      const answer = await fetch(`${service}${request.url}`, {
        method: request.method ?? 'POST',
        headers: headers as Record<string, string>,
        body: await readBody(request),
      });
      const body = Buffer.from(await answer.arrayBuffer());
      if (silenced !== undefined && `${headers['x-amz-target']}`.endsWith(`.${silenced}`)) return;
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(body);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence: (action) => {
      silenced = action;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
