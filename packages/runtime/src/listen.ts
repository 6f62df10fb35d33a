import type { Server } from 'node:http';

/** Lets an HTTP server listen; port 0 lets the system choose. Rejects when the address can't be had. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
