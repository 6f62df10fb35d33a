import { createServer } from 'node:net';

/**
 * The library lets several processes share a port, and each gets a part of the connections; its option against that
 * can't bind a port on which connections of a killed process still linger. Node's own listening refuses a port that
 * somebody listens on, and nothing else. Rejects then.
 */
export async function checkPortIsFree(host: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(host, port, error)));
    server.listen(port, host, () => server.close(() => resolve()));
  });
}

/** What a gateway says that can't listen. */
export function cannotListen(host: string, port: number, cause?: Error): Error {
  const message = `can't listen on ${host}:${port}: the port is taken, or the address isn't of this machine`;
  return new Error(message, { cause });
}
