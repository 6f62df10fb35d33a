import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { resetSocket } from './reset-socket.ts';

/**
 * One address in front of gateways, as a Kubernetes Service is: new connections go to those that were ready at the last
 * look, in turn; what a gateway that isn't refuses is refused. Open connections stay where they are.
 */
export type Endpoints = {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  add(gateway: FleetProcess): void;
  /** Whether new connections go there. */
  includes(gateway: FleetProcess): boolean;
  close(): Promise<void>;
};

/** From one look at readiness to the next, as a kubelet's; what it has seen holds until then. */
const lookMs = 1_000;

/** Starts it in front of gateways that are ready. */
export async function startEndpoints(gateways: readonly FleetProcess[]): Promise<Endpoints> {
  const known = new Set(gateways);
  const ready = new Set(gateways);
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const choices = [...ready];
    const gateway = choices[turn++ % choices.length];
    if (gateway === undefined) {
      resetSocket(client);
      return;
    }
    const upstream = connect({ host: '127.0.0.1', port: gateway.port, noDelay: true });
    join(client, upstream);
    join(upstream, client);
  });
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from
      .on('error', () => resetSocket(to))
      .on('close', () => {
        sockets.delete(from);
        to.destroySoon();
      });
    from.pipe(to);
  };
  const look = async () => {
    for (const gateway of known) {
      const answer = await fetch(`${gateway.adminUrl}/readyz`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok === true) ready.add(gateway);
      else ready.delete(gateway);
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (gateway) => void known.add(gateway),
    includes: (gateway) => ready.has(gateway),
    close: () => {
      clearInterval(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
