import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { accessSync, constants } from 'node:fs';
import { addressText } from './address-text.ts';
import { explainLoadFailure } from './load-failure.ts';
import { Upgrades } from './upgrades.ts';

/** An open WebSocket, opaque outside of this file. */
export type Socket = WebSocket<{ connection?: Connection }>;

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

/**
 * Whether a connection ended with a close frame of the client, or of the gateway's own `end`: both mean that it stays
 * away. Without one the code is 1006; other codes are the library's verdicts on what a client has sent.
 */
export function isCloseFrame(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005 || (code >= 3000 && code <= 4999);
}

/** A WebSocket handshake that waits for its verdict. Exactly one of accept and refuse is called; both are safe when the client has gone. */
export type Handshake = {
  /** The header Sec-WebSocket-Protocol; '' when absent. */
  readonly protocol: string;
  /** The header X-Forwarded-For, all its lines; '' when absent. */
  readonly forwardedFor: string;
  /** What stands behind `?` in the URL; '' when nothing does. */
  readonly query: string;
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
  400: '400 Bad Request',
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
  /** The client answers a ping with what the ping carried. */
  onPong(connection: Connection, payload: Buffer): void;
  /** A frame didn't fit the connection's queue; the connection closes after this. */
  onDropped(connection: Connection): void;
};

/** How to listen. */
export type TransportOptions = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Other processes listen there too, and each gets a part of the connections. */
  readonly sharesPort: boolean;
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
  /** Sends text frames together, from the given one on; returns where to go on once fewer bytes wait. */
  sendSome(connection: Connection, frames: readonly Buffer[], from: number): number;
  /** Sends a ping behind whatever was published or sent to the connection. */
  ping(connection: Connection, payload: Uint8Array): void;
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

/** Shared, the kernel gives each process that listens a part of the connections; without being asked the library shares. */
const portOptions = { shared: 0, exclusive: 1 } as const;

/** Opens the server. Rejects with a plain message when the library can't be loaded or the port is taken. */
export async function openTransport(options: TransportOptions, events: TransportEvents): Promise<Transport> {
  const uws = await loadLibrary();
  const app = openApp(uws, options.tls);
  const upgrades = new Upgrades(events.onOpen);
  app.ws<{ connection?: Connection }>('/*', {
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
      if (connection?.socket !== undefined) events.onFrame(connection, Buffer.from(message), isBinary);
    },
    pong: (socket, payload) => {
      const { connection } = socket.getUserData();
      if (connection?.socket !== undefined) events.onPong(connection, Buffer.from(payload));
    },
    dropped: (socket) => {
      const { connection } = socket.getUserData();
      if (connection !== undefined) events.onDropped(connection);
    },
    close: (socket, code) => {
      const { connection } = socket.getUserData();
      // Before the opening was told there is no close to tell.
      if (connection?.socket === undefined) return;
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
  const mostWaiting = Math.min(mostWaitingBytes, options.maxBackpressureBytes / 2);
  const stopListening = () => {
    if (isListening) uws.us_listen_socket_close(listener);
    isListening = false;
  };
  return {
    // The types call a listen socket and a socket two things; the library takes either.
    port: uws.us_socket_local_port(listener),
    send: (connection, frame) => void connection.socket?.send(frame),
    sendSome: (connection, frames, from) => sendSome(connection.socket, frames, from, mostWaiting),
    ping: (connection, payload) => void connection.socket?.ping(payload),
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
  const query = request.getQuery() ?? '';
  const handshake: Handshake = {
    protocol,
    query,
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

/** Bytes that may wait for a connection before more is sent to it at once; less where a slow reader is cut sooner. */
const mostWaitingBytes = 64 * 1024;

function sendSome(
  socket: Socket | undefined,
  frames: readonly Buffer[],
  from: number,
  mostWaiting: number,
): number {
  if (socket === undefined || from === frames.length) return frames.length;
  let next = from;
  socket.cork(() => {
    while (next < frames.length && socket.getBufferedAmount() < mostWaiting)
      socket.send(frames[next++] as Buffer);
  });
  return next;
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

function listen(app: TemplatedApp, { host, port, sharesPort }: TransportOptions): us_listen_socket {
  let listener: us_listen_socket | false = false;
  // The overload with host and options exists in the library, not in its types; the callback is immediate.
  (app.listen as unknown as Listen).call(
    app,
    host,
    port,
    portOptions[sharesPort ? 'shared' : 'exclusive'],
    (socket) => {
      listener = socket;
    },
  );
  if (listener === false)
    throw new Error(
      `can't listen on ${host}:${port}: the port is taken, or the address isn't of this machine`,
    );
  return listener;
}
