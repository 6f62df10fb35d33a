import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What an endpoint was sent. */
export type Posted = {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** An HTTP server that answers as the test says. */
export type Endpoint = {
  readonly url: string;
  readonly posted: readonly Posted[];
  /** Connections so far, and those that are open. */
  connections(): { readonly made: number; readonly open: number };
};

/** Starts one for a test; `answer` gets each request once its body has come. */
export async function startEndpoint(
  t: TestContext,
  answer: (posted: Posted, response: ServerResponse) => void,
): Promise<Endpoint> {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      posted.push(one);
      answer(one, response);
    });
  });
  let made = 0;
  let open = 0;
  server.on('connection', (socket) => {
    made++;
    open++;
    socket.once('close', () => open--);
  });
  // Kept connections end when the client says so.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    connections: () => ({ made, open }),
  };
}
