import { createServer, type Server } from 'node:net';
import { PlainError } from './plain-error.ts';

/** A port that a service is about to listen on, and the setting that says so. */
export type WantedPort = {
  readonly host: string;
  readonly port: number;
  readonly hostSetting: string;
  readonly portSetting: string;
};

/** Throws a PlainError when one of the ports can't be had, or when two are the same. */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<void> {
  const servers: Server[] = [];
  const chosen = wanted.filter(({ port }) => port !== 0);
  refuseTheSame(chosen);
  try {
    for (const one of chosen) servers.push(await hold(one));
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function refuseTheSame(wanted: readonly WantedPort[]): void {
  for (const [index, { port, portSetting }] of wanted.entries()) {
    const other = wanted.slice(0, index).find((one) => one.port === port);
    if (other !== undefined)
      throw new PlainError(
        `${other.portSetting} and ${portSetting} are both ${port}: choose another port for one of them.`,
      );
  }
}

function hold(wanted: WantedPort): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(new PlainError(faultOf(wanted, error))));
    server.listen(wanted.port, wanted.host, () => resolve(server));
  });
}

function faultOf({ host, port, hostSetting, portSetting }: WantedPort, error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${port} is taken: stop the program that listens on it, or choose another with ${portSetting}.`;
  if (error.code === 'EACCES')
    return `Port ${port} needs rights that you don't have: choose another with ${portSetting}.`;
  return `Nothing can listen on ${host} (${error.code}): choose an address of this machine with ${hostSetting}.`;
}

/** Whether only this machine reaches the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(host);
}
