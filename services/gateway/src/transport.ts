import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { accessSync, constants } from 'node:fs';
import { addressText } from './address-text.ts';
import { explainLoadFailure } from './load-failure.ts';

/** An open WebSocket, opaque outside of this file. */
export type Socket = WebSocket<{ readonly connection: Connection }>;

/**
 * What the transport knows of a connection's state. `socket` is undefined before the upgrade and after the close, so
 * that whoever still holds the connection can't touch a dead socket: the library throws then.
 */
export type Connection = { socket: Socket | undefined };

/**
 * How a connection ends is part of what it means, because official clients act on it: after a close frame they stay
 * away, after a drop without one they come back with a new token.
 */
export const closeCode = {
  /** Disconnected by DISCONNECT_USER: stay away. */
  normal: 1000,
} as const;

/** A WebSocket handshake that waits for its verdict. Exactly one of accept and refuse is called; both are safe when the client has gone. */
export type Handshake = {
  /** The header Sec-WebSocket-Protocol; '' when absent. */
  readonly protocol: string;
  /** The header X-Forwarded-For, all its lines; '' when absent. */
  readonly forwardedFor: string;
  /** Address of the TCP peer. */
  readonly peer: string;
  /** The client has gone, or has its answer. */
  isGone: boolean;
  /** Upgrades, echoing the protocol; false when the client has gone. */
  accept(connection: Connection): boolean;
  /** Answers with a status of `refusalStatus` and a JSON body. */
  refuse(status: RefusalStatus, message: string): void;
};

const statusLines = {
  401: '401 Unauthorized',
  404: '404 Not Found',
  426: '426 Upgrade Required',
  429: '429 Too Many Requests',
  503: '503 Service Unavailable',
} as const;

/** Statuses that a handshake may be refused with. */
export type RefusalStatus = keyof typeof statusLines;

/** What the gateway does with what happens on the wire. All are synchronous; bytes are valid only during the call. */
export type TransportEvents = {
  onHandshake(handshake: Handshake): void;
  onOpen(connection: Connection): void;
  onFrame(connection: Connection, bytes: Buffer, isBinary: boolean): void;
  /** The socket is gone already; a code of 1006 means that no close frame was seen. */
  onClose(connection: Connection, code: number): void;
  /** A frame didn't fit the connection's queue; the connection closes after this. */
  onDropped(connection: Connection): void;
};

/** How to listen. */
export type TransportOptions = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** 0 (never) or 8 to 960; pings go at half of it. */
  readonly idleTimeoutSeconds: number;
  readonly sendsPings: boolean;
  /** Bytes that may wait for a slow reader before it is cut. */
  readonly maxBackpressureBytes: number;
};

/** The WebSocket server. */
export type Transport = {
  readonly port: number;
  /** Sends a text frame, after whatever was published to the connection. */
  send(connection: Connection, frame: string | Buffer): void;
  /** Subscribes a connection that is open. */
  subscribe(connection: Connection, topic: string): void;
  /** Sends a text frame to all subscribers; the bytes are copied before it returns. */
  publish(topic: string, frame: Buffer): void;
  /** Closes with a close frame, after all frames sent before. */
  end(connection: Connection, code: number): void;
  /** Drops the TCP connection without a close frame. */
  drop(connection: Connection): void;
  /** Stops listening; connections stay. */
  stopListening(): void;
  /** Drops everything that is left. */
  close(): void;
};

/** Room for a token with 1 KB of attributes beside a browser's cookies; beyond: 431. */
const maxHeaderBytes = 16 * 1024;

/**
 * Far above the contract's 16 KB: a frame beyond this closes the connection inside the library, and the contract asks
 * for ERROR 413 with the connection open.
 */
const maxPayloadBytes = 256 * 1024;

/** Refuses to share the port with another process; by default the library lets both listen, and each gets a part. */
const exclusivePort = 1;

/** Opens the server. Rejects with a plain message when the library can't be loaded or the port is taken. */
export async function openTransport(options: TransportOptions, events: TransportEvents): Promise<Transport> {
  const uws = await loadLibrary();
  const app = openApp(uws, options.tls);
  const upgrades = new Upgrades(events.onOpen);
  app.ws<{ connection: Connection }>('/*', {
    maxPayloadLength: maxPayloadBytes,
    maxBackpressure: options.maxBackpressureBytes,
    closeOnBackpressureLimit: 1,
    idleTimeout: options.idleTimeoutSeconds,
    sendPingsAutomatically: options.sendsPings,
    compression: uws.DISABLED,
    upgrade: (response, request, context) =>
      events.onHandshake(readHandshake(response, request, context, upgrades)),
    open: upgrades.open,
    message: (socket, message, isBinary) => {
      const { connection } = socket.getUserData();
      if (connection.socket !== undefined) events.onFrame(connection, Buffer.from(message), isBinary);
    },
    dropped: (socket) => events.onDropped(socket.getUserData().connection),
    close: (socket, code) => {
      const { connection } = socket.getUserData();
      // Before the opening was told there is no close to tell.
      if (connection.socket === undefined) return;
      connection.socket = undefined;
      events.onClose(connection, code);
    },
  });
  app.get('/*', (response) =>
    answer(response, 426, 'Connect with a WebSocket, a chat token as its protocol'),
  );
  app.any('/*', (response) => answer(response, 404, 'There is nothing here but WebSockets'));
  const listener = listen(app, options);
  let isListening = true;
  const stopListening = () => {
    if (isListening) uws.us_listen_socket_close(listener);
    isListening = false;
  };
  return {
    // The types call a listen socket and a socket two things; the library takes either.
    port: uws.us_socket_local_port(listener),
    send: (connection, frame) => void connection.socket?.send(frame),
    subscribe: (connection, topic) => void connection.socket?.subscribe(topic),
    publish: (topic, frame) => void app.publish(topic, frame),
    end: (connection, code) => connection.socket?.end(code),
    drop: (connection) => connection.socket?.close(),
    stopListening,
    close: () => {
      stopListening();
      app.close();
    },
  };
}

/**
 * Upgrades that come after an await must be done inside `cork`. Before `cork` returns, the library reads memory that
 * the upgrade has freed, and closes the new socket when that was used again meanwhile (uWebSockets pull request 1929,
 * fixed in July 2026, after the release that is used here; seen in one of ten fresh processes). The runtime allocates
 * when it compiles, and it may compile whenever JavaScript runs: so none runs in between, only native functions.
 */
class Upgrades {
  readonly #onOpen: TransportEvents['onOpen'];
  readonly #opened: Socket[] = [];
  /** The library's `open` event: a native function that only notes the socket. */
  readonly open: (socket: Socket) => void = this.#opened.push.bind(this.#opened);

  constructor(onOpen: TransportEvents['onOpen']) {
    this.#onOpen = onOpen;
  }

  /** Upgrades with the library's own arguments; returns whether the connection is open, and if so has told it. */
  run(connection: Connection, response: HttpResponse, ...rest: UpgradeRest): boolean {
    this.#opened.length = 0;
    response.cork(response.upgrade.bind(response, { connection }, ...rest) as () => void);
    const socket = this.#opened.pop();
    if (socket === undefined || !isOpen(socket)) return false;
    connection.socket = socket;
    this.#onOpen(connection);
    return true;
  }
}

/** Key, protocol and extensions of the request, and the context. */
type UpgradeRest = [string, string, string, Parameters<HttpResponse['upgrade']>[4]];

/** A socket that has been closed throws at any use. */
function isOpen(socket: Socket): boolean {
  try {
    socket.getBufferedAmount();
    return true;
  } catch {
    return false;
  }
}

function readHandshake(
  response: HttpResponse,
  request: HttpRequest,
  context: Parameters<HttpResponse['upgrade']>[4],
  upgrades: Upgrades,
): Handshake {
  // The request is valid only during this call: everything that is needed later is copied here.
  const key = request.getHeader('sec-websocket-key');
  const extensions = request.getHeader('sec-websocket-extensions');
  const protocol = request.getHeader('sec-websocket-protocol');
  const handshake: Handshake = {
    protocol,
    forwardedFor: forwardedFor(request),
    peer: addressText(new Uint8Array(response.getRemoteAddress())),
    isGone: false,
    accept: (connection) => {
      if (handshake.isGone) return false;
      handshake.isGone = true;
      return upgrades.run(connection, response, key, protocol, extensions, context);
    },
    refuse: (status, message) => {
      if (handshake.isGone) return;
      handshake.isGone = true;
      answer(response, status, message);
    },
  };
  response.onAborted(() => {
    handshake.isGone = true;
  });
  return handshake;
}

function answer(response: HttpResponse, status: RefusalStatus, message: string): void {
  response.cork(() => {
    response.writeStatus(statusLines[status]).writeHeader('content-type', 'application/json');
    if (status === 426) response.writeHeader('upgrade', 'websocket');
    response.end(JSON.stringify({ errorCode: status, message }), true);
  });
}

/** All lines of X-Forwarded-For in their order: some proxies add a line of their own below the client's. */
function forwardedFor(request: HttpRequest): string {
  if (request.getHeader('x-forwarded-for') === '') return '';
  const lines: string[] = [];
  request.forEach((name, value) => {
    if (name === 'x-forwarded-for') lines.push(value);
  });
  return lines.join(',');
}

type Library = typeof import('uWebSockets.js');

async function loadLibrary(): Promise<Library> {
  // biome-ignore lint/style/noProcessEnv: not a setting of ours. The native code reads it once when it is loaded; it has no option.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = `${maxHeaderBytes}`;
  try {
    return (await import('uWebSockets.js')).default;
  } catch (error) {
    throw new Error(explainLoadFailure(), { cause: error });
  }
}

function openApp(uws: Library, tls: TransportOptions['tls']): TemplatedApp {
  if (tls === undefined) return uws.App();
  for (const file of [tls.certFile, tls.keyFile]) accessSync(file, constants.R_OK);
  try {
    return uws.SSLApp({
      cert_file_name: tls.certFile,
      key_file_name: tls.keyFile,
      ssl_prefer_low_memory_usage: true,
    });
  } catch (error) {
    throw new Error(`${tls.certFile} and ${tls.keyFile} are not a certificate and its key in PEM form`, {
      cause: error,
    });
  }
}

type Listen = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => void;

function listen(app: TemplatedApp, { host, port }: TransportOptions): us_listen_socket {
  let listener: us_listen_socket | false = false;
  // The overload with host and options exists in the library, not in its types; the callback is immediate.
  (app.listen as unknown as Listen).call(app, host, port, exclusivePort, (socket) => {
    listener = socket;
  });
  if (listener === false)
    throw new Error(
      `can't listen on ${host}:${port}: the port is taken, or the address isn't of this machine`,
    );
  return listener;
}
