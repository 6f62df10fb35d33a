import type { Connection, Socket } from './transport.ts';

/** What an upgrade needs of the library's response; `C` is the library's context. */
type Upgradable<C> = {
  cork(callback: () => void): unknown;
  upgrade(data: object, ...rest: UpgradeRest<C>): void;
};

/** Key, protocol and extensions of the request, and the context. */
type UpgradeRest<C> = readonly [key: string, protocol: string, extensions: string, context: C];

/**
 * Upgrades that come after an await must be done inside `cork`. Before `cork` returns, the library reads memory that
 * the upgrade has freed, and closes the new socket when that was used again meanwhile (uWebSockets pull request 1929,
 * fixed in July 2026, after the release that is used here; seen in one of ten fresh processes). The runtime allocates
 * when it compiles, and it may compile whenever JavaScript runs: so none runs in between, only native functions. It also
 * allocates when an object's shape becomes more general, so the library gets no data to copy to the socket: connections
 * have more than one shape (those that return were seen closed in one of three fresh processes), and are attached later.
 */
export class Upgrades {
  readonly #onOpen: (connection: Connection) => void;
  readonly #opened: Socket[] = [];
  /** The library's `open` event: a native function that only notes the socket. */
  readonly open: (socket: Socket) => void = this.#opened.push.bind(this.#opened);

  constructor(onOpen: (connection: Connection) => void) {
    this.#onOpen = onOpen;
    // The array, too, has its last shape before the first upgrade.
    this.open({} as Socket);
    this.#opened.pop();
  }

  /** Upgrades with the library's own arguments; returns whether the connection is open, and if so has told it. */
  run<C>(connection: Connection, response: Upgradable<C>, ...rest: UpgradeRest<C>): boolean {
    this.#opened.length = 0;
    response.cork(response.upgrade.bind(response, {}, ...rest) as () => void);
    const socket = this.#opened.pop();
    if (socket === undefined || !isOpen(socket)) return false;
    socket.getUserData().connection = connection;
    connection.socket = socket;
    this.#onOpen(connection);
    return true;
  }
}

/** A socket that has been closed throws at any use. */
function isOpen(socket: Socket): boolean {
  try {
    socket.getBufferedAmount();
    return true;
  } catch {
    return false;
  }
}
