import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { resetSocket } from './reset-socket.ts';

/** One address in front of several gateways, as a load balancer gives to clients. */
export type Balancer = {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  /** New connections go to this gateway from now on; open ones stay where they are. */
  direct(gateway: FleetProcess): void;
  close(): Promise<void>;
};

/** Starts a balancer that sends new connections to `gateway` first. */
export async function startBalancer(gateway: FleetProcess): Promise<Balancer> {
  let { port } = gateway;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
    join(client, upstream);
    join(upstream, client);
  });
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    // The end of one side is told to the other just as it came: gracefully, or by dropping TCP.
    from
      .on('error', () => resetSocket(to))
      .on('close', () => {
        sockets.delete(from);
        to.destroySoon();
      });
    from.pipe(to);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    direct: (next) => {
      port = next.port;
    },
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
