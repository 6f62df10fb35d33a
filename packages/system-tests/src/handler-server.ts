import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './handler-certificates.ts';

/** A listening server of handlers. */
export type HandlerServer = { readonly url: string; close(): Promise<void> };

/** Starts it on a free port of 127.0.0.1; with a certificate it speaks HTTPS. */
export async function startHandlerServer(
  certificate: Certificate | undefined,
  listener: http.RequestListener,
): Promise<HandlerServer> {
  const server =
    certificate === undefined
      ? http.createServer(listener)
      : https.createServer({ ...certificate }, listener);
  // No connection ends while a worker is about to use it again.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
