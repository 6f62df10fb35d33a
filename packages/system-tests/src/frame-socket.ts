import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { encodeClientFrame, frameReader, opcode } from './web-socket-frames.ts';

/** How a connection ended: the code of the server's close frame, or undefined when TCP just ended. */
export type Ending = { readonly code: number | undefined };

/** The handshake was answered with something else than 101. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`the handshake was refused with ${status}: ${body}`);
    this.status = status;
    this.body = body;
  }
}

/** What a test may change about a connection. */
export type FrameSocketOptions = {
  /** Called with each text frame; the bytes are valid during the call only. */
  readonly onText?: (payload: Buffer) => void;
  /** Called with each pong. */
  readonly onPong?: (payload: Buffer) => void;
  /** Called with each ping, which isn't answered when this returns false. */
  readonly onPing?: (payload: Buffer) => boolean;
  /** Further header lines of the handshake. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes in each TCP write of the handshake; all in one when absent. */
  readonly handshakePiece?: number;
};

/** A WebSocket connection at the level of frames and bytes: light, and able to misbehave. */
export type FrameSocket = {
  /** Header lines of the 101 answer, names in lower case. */
  readonly answer: ReadonlyMap<string, string>;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  isOpen(): boolean;
  sendText(text: string): void;
  /** Any frame: `send(opcode.binary, bytes)`, or a text in fragments. */
  send(code: number, payload: Buffer, isFinal?: boolean): void;
  /** Raw bytes on TCP. */
  write(bytes: Buffer): void;
  /** Stops and resumes reading from TCP, as a stalled reader does. */
  pause(): void;
  resume(): void;
  /** Says goodbye with a close frame and waits for the end. */
  close(code?: number): Promise<Ending>;
  /** Drops TCP. */
  destroy(): void;
};

/** An open TCP connection whose handshake hasn't been sent, so that several can be sent at the same instant. */
export type Dial = { shake(token: string | undefined, options?: FrameSocketOptions): Promise<FrameSocket> };

/** Opens TCP to `url` (`ws://host:port`, and a path and a query for the handshake). */
export function dial(url: string): Promise<Dial> {
  const { hostname, port, pathname, search } = new URL(url);
  const target = { host: `${hostname}:${port}`, path: `${pathname}${search}` };
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve({ shake: (token, options = {}) => shake(socket, target, token, options) });
    });
  });
}

/** Connects with a token; rejects with `HandshakeRefused`, or with the socket's error. */
export async function openFrameSocket(
  url: string,
  token: string | undefined,
  options: FrameSocketOptions = {},
): Promise<FrameSocket> {
  return (await dial(url)).shake(token, options);
}

function shake(
  socket: Socket,
  { host, path }: { readonly host: string; readonly path: string },
  token: string | undefined,
  options: FrameSocketOptions,
): Promise<FrameSocket> {
  const lines = {
    Host: host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    ...(token === undefined ? {} : { 'Sec-WebSocket-Protocol': token }),
    ...options.headers,
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\n${text.join('')}\r\n`);
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    const fail = (error: Error) => reject(error);
    const early = () => fail(new Error(`the connection ended in the handshake: ${head.toString()}`));
    socket.on('error', fail).once('close', early);
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      const { status, headers } = parseHead(head.subarray(0, end).toString('latin1'));
      const rest = head.subarray(end + 4);
      if (status !== 101) {
        if (rest.length < Number(headers.get('content-length') ?? 0)) return;
        socket.destroy();
        fail(new HandshakeRefused(status, rest.toString()));
        return;
      }
      socket.off('data', onData).off('error', fail).off('close', early);
      resolve(frameSocket(socket, headers, rest, options));
    };
    socket.on('data', onData);
    void writeInPieces(socket, request, options.handshakePiece ?? request.length).catch(fail);
  });
}

async function writeInPieces(socket: Socket, bytes: Buffer, piece: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += piece) {
    await new Promise<void>((resolve, reject) => {
      socket.write(bytes.subarray(at, at + piece), (error) => (error ? reject(error) : resolve()));
    });
  }
}

function parseHead(head: string): { status: number; headers: ReadonlyMap<string, string> } {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), headers: new Map(headers) };
}

function frameSocket(
  socket: Socket,
  answer: ReadonlyMap<string, string>,
  rest: Buffer,
  options: FrameSocketOptions,
): FrameSocket {
  let code: number | undefined;
  let isOpen = true;
  const send = (kind: number, payload: Buffer, isFinal = true) => {
    if (isOpen) socket.write(encodeClientFrame(kind, payload, isFinal));
  };
  const read = frameReader((kind, payload) => {
    if (kind === opcode.text) options.onText?.(payload);
    else if (kind === opcode.pong) options.onPong?.(payload);
    else if (kind === opcode.ping) {
      if (options.onPing?.(payload) !== false) send(opcode.pong, Buffer.from(payload));
    } else if (kind === opcode.close) {
      // 1005 is RFC 6455's word for a close frame without a code.
      code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      send(opcode.close, Buffer.from(payload));
      socket.end();
    }
  });
  const ended = new Promise<Ending>((resolve) => {
    socket.once('close', () => {
      isOpen = false;
      resolve({ code });
    });
  });
  // Resets are told by `ended`.
  socket.on('error', () => socket.destroy());
  if (rest.length > 0) read(rest);
  socket.on('data', read);
  return {
    answer,
    ended,
    isOpen: () => isOpen,
    sendText: (text) => send(opcode.text, Buffer.from(text)),
    send,
    write: (bytes) => void socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: (closeCode = 1000) => {
      send(opcode.close, Buffer.from([closeCode >> 8, closeCode & 0xff]));
      return ended;
    },
    destroy: () => void socket.destroy(),
  };
}
