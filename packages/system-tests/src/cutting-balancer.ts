import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import type { Random } from './random.ts';
import { resetSocket } from './reset-socket.ts';

/** How a connection is cut. What the balancer has in its hands is gone in every case. */
export type Cut =
  /** Both sides see a reset. */
  | 'both'
  /** The client sees a reset; the gateway sees nothing, as when a phone changes networks. */
  | 'half-open'
  /** The gateway sees a reset; the client hears nothing any more, and sees its reset a while later. */
  | 'gateway-first';

/** Every way to cut. */
export const cuts: readonly Cut[] = ['both', 'half-open', 'gateway-first'];

/** One address in front of several gateways, through which every byte takes a while, and which cuts connections. */
export type CuttingBalancer = {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  /** New connections go to this gateway as well. */
  include(gateway: FleetProcess): void;
  /** New connections go elsewhere from now on, as when it isn't ready; open ones stay. */
  exclude(gateway: FleetProcess): void;
  /** Cuts any one of the open connections; false when there is none. */
  cutOne(how: Cut): boolean;
  /** Clients that don't know yet that they were cut. */
  deaf(): number;
  close(): Promise<void>;
};

/** Longest time for which a piece of bytes is in its hands. */
const mostHeldMs = 40;
/** Longest time for which a client doesn't see what the gateway saw. */
const mostDeafMs = 1_500;

type Link = { cut(how: Cut): void };

/** Starts it; gateways that refuse a connection are passed over, as load balancers do. */
export async function startCuttingBalancer(
  gateways: readonly FleetProcess[],
  random: Random,
): Promise<CuttingBalancer> {
  const included = new Set(gateways);
  const links = new Set<Link>();
  const sockets = new Set<Socket>();
  const deaf = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // Resets are what this balancer is for; what follows from one follows from `close`.
    socket
      .on('error', () => undefined)
      .on('close', () => {
        sockets.delete(socket);
        deaf.delete(socket);
      });
  };
  const server = createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (client) => {
    keep(client);
    dial([...included], random, keep).then(
      (gateway) => openLink(client, gateway, random, links, deaf),
      () => resetSocket(client),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    include: (gateway) => void included.add(gateway),
    exclude: (gateway) => void included.delete(gateway),
    cutOne: (how) => {
      if (links.size === 0) return false;
      random.pick([...links]).cut(how);
      return true;
    },
    deaf: () => deaf.size,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** Connects to any of the gateways; rejects when none takes the connection. */
async function dial(
  gateways: FleetProcess[],
  random: Random,
  keep: (socket: Socket) => void,
): Promise<Socket> {
  for (;;) {
    const gateway = random.pick(gateways);
    const socket = connect({ host: '127.0.0.1', port: gateway.port, noDelay: true, allowHalfOpen: true });
    keep(socket);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('close', () => resolve(false));
    });
    if (isOpen) return socket;
    gateways.splice(gateways.indexOf(gateway), 1);
  }
}

function openLink(
  client: Socket,
  gateway: Socket,
  random: Random,
  links: Set<Link>,
  deaf: Set<Socket>,
): void {
  // It may have gone while the gateway was dialled.
  if (client.destroyed) {
    gateway.destroy();
    return;
  }
  const pipes = [openPipe(client, gateway, random), openPipe(gateway, client, random)];
  const end = () => {
    links.delete(link);
    for (const pipe of pipes) pipe.close();
  };
  const link: Link = {
    cut: (how) => {
      end();
      // Nobody reads any more: what comes waits in the kernel, as at a router that has forgotten the connection.
      client.pause();
      gateway.pause();
      if (how !== 'half-open') resetSocket(gateway);
      if (how !== 'gateway-first') {
        resetSocket(client);
        return;
      }
      // It may have closed while the gateway's side is still open.
      if (!client.destroyed) deaf.add(client);
      setTimeout(() => resetSocket(client), random.below(mostDeafMs)).unref();
    },
  };
  links.add(link);
  const follow = (from: Socket, to: Socket) =>
    from.once('close', (hadError) => {
      // A cut has rules of its own; and an end in good order has brought all that came before it.
      if (!links.has(link) || (!hadError && !to.destroyed)) return;
      end();
      if (hadError) resetSocket(to);
    });
  follow(client, gateway);
  follow(gateway, client);
}

/** Carries bytes one way, in order, each piece a little later. */
function openPipe(from: Socket, to: Socket, random: Random): { close(): void } {
  const held: { readonly dueMs: number; readonly bytes: Buffer | undefined }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;
  const flush = () => {
    timer = undefined;
    for (let next = held[0]; next !== undefined; next = held[0]) {
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(flush, waitMs);
        return;
      }
      held.shift();
      if (next.bytes === undefined) to.end();
      else to.write(next.bytes);
    }
  };
  const hold = (bytes: Buffer | undefined) => {
    if (!isOpen) return;
    held.push({ dueMs: performance.now() + random.below(mostHeldMs), bytes });
    if (timer === undefined) flush();
  };
  from
    .on('data', hold)
    .once('end', () => hold(undefined))
    .resume();
  return {
    close: () => {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}
