import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen } from './listen.ts';
import type { MetricsPage } from './merged-metrics.ts';
import type { Service } from './service.ts';

/** The admin port of a process: `/healthz`, `/readyz`, `/metrics`. Never exposed to clients. */
export type Admin = { readonly port: number; close(): Promise<void> };

/**
 * Opens the admin port. `/healthz` says that the process turns; it must not depend on Redis, or an outage of Redis
 * would restart every gateway. `/readyz` is 200 when no service has a reason against traffic, else 503 with the reasons.
 */
export async function openAdmin(
  host: string,
  port: number,
  page: MetricsPage,
  services: readonly Pick<Service, 'name' | 'notReady'>[],
): Promise<Admin> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    const path = (request.url ?? '').split('?')[0];
    if (path === '/healthz') {
      answer(200, 'text/plain', 'ok\n');
    } else if (path === '/readyz') {
      const reasons = services.flatMap((service) =>
        service.notReady().map((reason) => `${service.name}: ${reason}`),
      );
      if (reasons.length === 0) answer(200, 'text/plain', 'ready\n');
      else answer(503, 'text/plain', `${reasons.join('\n')}\n`);
    } else if (path === '/metrics') {
      page.metrics().then(
        (text) => answer(200, page.contentType, text),
        (error: Error) => answer(500, 'text/plain', `${error.message}\n`),
      );
    } else {
      answer(404, 'text/plain', 'try /healthz, /readyz or /metrics\n');
    }
  });
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
