import type { IncomingMessage } from 'node:http';
import { eventually } from '@roomstream/testing/eventually';
import { WebSocket } from 'ws';

/** A frame of the server, parsed. */
export type Frame = {
  readonly Type: 'MESSAGE' | 'EVENT' | 'ERROR';
  readonly Id: string;
  readonly RequestId?: string;
  readonly Content?: string;
  readonly EventName?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly SendTime?: string;
  readonly Sender?: { readonly UserId: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly ErrorCode?: number;
  readonly ErrorMessage?: string;
};

let requests = 0;

/** A raw client that remembers all it got. */
export class Client {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  /** The frames as they came. */
  readonly texts: string[] = [];
  /** The close code; 1006 without a close frame. */
  closeCode: number | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.texts.push(data.toString());
      this.frames.push(JSON.parse(data.toString()) as Frame);
    });
    socket.on('close', (code) => {
      this.closeCode = code;
    });
    socket.on('error', () => socket.terminate());
  }

  /** Resolves once the connection is open; rejects with a Refused when the handshake is refused. */
  static connect(
    port: number,
    protocol: string | string[],
    path = '/',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol, { headers });
      const client = new Client(socket);
      socket.once('open', () => resolve(client));
      socket.once('unexpected-response', (_request, response) => {
        refusal(response).then(reject, reject);
      });
      socket.once('error', reject);
    });
  }

  /** Sends a request with a RequestId of its own and returns that. */
  request(fields: Readonly<Record<string, unknown>>): string {
    const requestId = `request-${++requests}`;
    this.socket.send(JSON.stringify({ ...fields, RequestId: requestId }));
    return requestId;
  }

  /** Sends a message and returns its RequestId. */
  say(content: string): string {
    return this.request({ Action: 'SEND_MESSAGE', Content: content });
  }

  /** The frame that answers a request. */
  answer(requestId: string, withinMs?: number): Promise<Frame> {
    return this.frame((frame) => frame.RequestId === requestId, withinMs);
  }

  /** The first frame of which this is true. */
  frame(is: (frame: Frame) => boolean, withinMs?: number): Promise<Frame> {
    return eventually(() => {
      const found = this.frames.find(is);
      if (found === undefined) throw new Error(`no such frame among ${this.frames.length}: ${is}`);
      return found;
    }, withinMs);
  }

  /** The code with which the connection is closed. */
  async closed(withinMs?: number): Promise<number> {
    await eventually(() => this.closeCode !== undefined, withinMs);
    return this.closeCode as number;
  }

  /** Whether the connection is open. */
  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Contents of the messages, in order. */
  contents(): string[] {
    return this.frames.flatMap((frame) => (frame.Content === undefined ? [] : [frame.Content]));
  }

  /** Drops the connection. */
  terminate(): void {
    this.socket.terminate();
  }
}

/** A refused handshake. */
export class Refused extends Error {
  readonly status: number;
  readonly body: { readonly errorCode: number; readonly message: string };

  constructor(status: number, body: Refused['body']) {
    super(`refused with ${status}: ${body.message}`);
    this.status = status;
    this.body = body;
  }
}

async function refusal(response: IncomingMessage): Promise<Refused> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return new Refused(response.statusCode ?? 0, JSON.parse(text) as Refused['body']);
}

/** Connects and expects a refusal. */
export async function refusedHandshake(port: number, protocol: string | string[]): Promise<Refused> {
  const outcome = await Client.connect(port, protocol).catch((error: unknown) => error);
  if (outcome instanceof Refused) return outcome;
  if (outcome instanceof Client) outcome.terminate();
  throw outcome instanceof Error ? outcome : new Error('the handshake was not refused');
}
