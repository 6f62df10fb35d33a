import { type AddressInfo, createServer } from 'node:net';

/**
 * The port that processes are going to share: `port`, or one that the system chooses for 0. Rejects when somebody listens
 * there: among processes that share a port the kernel lets in anyone of the same user, a second gateway too.
 */
export function sharedPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          `can't listen on ${host}:${port}: the port is taken, or the address isn't of this machine (${error.code})`,
        ),
      ),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const found = (server.address() as AddressInfo).port;
      server.close(() => resolve(found));
    });
  });
}
