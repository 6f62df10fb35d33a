import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which bytes a fault concerns: those on their way to the server, those on their way back, or all. */
export type Direction = 'to-server' | 'to-client' | 'both';

/** A TCP proxy on loopback that misbehaves when told to. */
export type FaultProxy = {
  readonly port: number;
  /** Connections open through it now. */
  connections(): number;
  /** Drops every open connection with a reset; new ones are served. */
  cut(): void;
  /** Drops every open connection and resets new ones until `heal`: the server looks gone. */
  refuse(): void;
  /** Holds all bytes back with connections open (new ones open too, and hang) until `heal`. */
  freeze(direction?: Direction): void;
  /** Delivers each piece `ms` (plus or minus up to `jitterMs`) later, in order, until `heal`. */
  delay(ms: number, jitterMs?: number): void;
  /** Ends every fault; what was held back is delivered now. */
  heal(): void;
  /** Drops everything and frees the port. */
  close(): Promise<void>;
};

/** Faults in force, shared by all pipes of a proxy. */
type Faults = { isRefusing: boolean; frozen: Direction | undefined; delayMs: number; jitterMs: number };

const none: Readonly<Faults> = { isRefusing: false, frozen: undefined, delayMs: 0, jitterMs: 0 };

/** Starts a proxy in front of a TCP server; `port` is where it listens (0 or absent: a free one). */
export async function startProxy(target: { host?: string; port: number }, port = 0): Promise<FaultProxy> {
  const faults: Faults = { ...none };
  const links = new Set<Link>();
  const server = createServer({ noDelay: true }, (client) => {
    if (faults.isRefusing) client.on('error', ignoreReset).resetAndDestroy();
    else openLink(client, target, faults, links);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const cut = () => {
    for (const link of [...links]) link.cut();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => links.size,
    cut,
    refuse: () => {
      faults.isRefusing = true;
      cut();
    },
    freeze: (direction = 'both') => {
      faults.frozen = direction;
      for (const link of links) link.apply();
    },
    delay: (ms, jitterMs = 0) => {
      faults.delayMs = ms;
      faults.jitterMs = jitterMs;
    },
    heal: () => {
      Object.assign(faults, none);
      for (const link of links) link.apply();
    },
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      return closed;
    },
  };
}

/** One client's connection and its counterpart to the server. */
type Link = { cut(): void; apply(): void };

function openLink(client: Socket, target: { host?: string; port: number }, faults: Faults, links: Set<Link>) {
  const server = connect({ host: target.host ?? '127.0.0.1', port: target.port, noDelay: true });
  const pipes = [
    openPipe(client, server, 'to-server', faults),
    openPipe(server, client, 'to-client', faults),
  ];
  const link: Link = {
    cut: () => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    },
    apply: () => {
      for (const pipe of pipes) pipe.apply();
    },
  };
  links.add(link);
  const end = (other: Socket) => () => {
    links.delete(link);
    for (const pipe of pipes) pipe.close();
    other.destroy();
  };
  client.on('error', ignoreReset).once('close', end(server));
  server.on('error', ignoreReset).once('close', end(client));
}

/** Bytes of one direction of one connection, in order, each piece with the time when it may go on. */
type Pipe = { apply(): void; close(): void };

function openPipe(from: Socket, to: Socket, direction: Direction, faults: Faults): Pipe {
  const held: { readonly due: number; readonly bytes: Buffer | undefined }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const isFrozen = () => faults.frozen === 'both' || faults.frozen === direction;
  const flush = () => {
    clearTimeout(timer);
    while (!isFrozen()) {
      const next = held[0];
      if (next === undefined) return;
      const wait = faults.delayMs === 0 ? 0 : next.due - performance.now();
      if (wait > 0) {
        timer = setTimeout(flush, wait);
        return;
      }
      held.shift();
      if (next.bytes === undefined) to.end();
      else to.write(next.bytes);
    }
  };
  const hold = (bytes: Buffer | undefined) => {
    const jitter = (Math.random() * 2 - 1) * faults.jitterMs;
    held.push({ due: performance.now() + Math.max(0, faults.delayMs + jitter), bytes });
    flush();
  };
  from.on('data', hold);
  from.once('end', () => hold(undefined));
  const apply = () => {
    // Nothing is read while frozen, so that the sender's TCP window fills as it does with a stopped process.
    if (isFrozen()) from.pause();
    else from.resume();
    flush();
  };
  apply();
  return { apply, close: () => clearTimeout(timer) };
}

/** A reset is what this proxy is for; the sockets' `close` events do the rest. */
const ignoreReset = (): void => undefined;
