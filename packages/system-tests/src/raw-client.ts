import { randomUUID } from 'node:crypto';
import { eventually } from '@roomstream/testing/eventually';
import { type FrameSocket, type FrameSocketOptions, openFrameSocket } from './frame-socket.ts';

/** A frame from the server, as JSON gives it. */
export type ServerFrame = {
  readonly Type: 'MESSAGE' | 'EVENT' | 'ERROR';
  readonly Id: string;
  readonly RequestId?: string;
  readonly Content?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly SendTime?: string;
  readonly Sender?: { readonly UserId: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly EventName?: string;
  readonly ErrorCode?: number;
  readonly ErrorMessage?: string;
};

/** A client that keeps every text frame, byte for byte. */
export type RawClient = {
  readonly socket: FrameSocket;
  /** Every text frame so far, in order. */
  readonly texts: readonly string[];
  /** The same, parsed. */
  frames(): readonly ServerFrame[];
  /** Calls back with each frame from now on. */
  onFrame(listener: (frame: ServerFrame) => void): void;
  /** MESSAGE and EVENT frames alone: what the whole room sees. */
  roomTexts(): readonly string[];
  /** Sends a request with a RequestId of its own, and resolves with the frame that carries it. */
  request(fields: Readonly<Record<string, unknown>>, withinMs?: number): Promise<ServerFrame>;
  /** SEND_MESSAGE, resolved with its MESSAGE or its ERROR. */
  say(content: string, withinMs?: number): Promise<ServerFrame>;
  /** Resolves with the first frame that fits. */
  received(fits: (frame: ServerFrame) => boolean, withinMs?: number): Promise<ServerFrame>;
};

type Waiting = { resolve(frame: ServerFrame): void; reject(error: Error): void; timer: NodeJS.Timeout };

/** Longest wait for an answer on a slow and loaded machine. */
const answerWithinMs = 20_000;

/** Connects to a gateway. */
export async function connectRaw(
  url: string,
  token: string,
  options: Omit<FrameSocketOptions, 'onText'> = {},
): Promise<RawClient> {
  const texts: string[] = [];
  const parsed: ServerFrame[] = [];
  const waiting = new Map<string, Waiting>();
  const listeners: ((frame: ServerFrame) => void)[] = [];
  const settle = (requestId: string | undefined, act: (waiter: Waiting) => void) => {
    const waiter = requestId === undefined ? undefined : waiting.get(requestId);
    if (waiter === undefined || requestId === undefined) return;
    waiting.delete(requestId);
    clearTimeout(waiter.timer);
    act(waiter);
  };
  const onText = (payload: Buffer) => {
    const text = payload.toString();
    texts.push(text);
    const frame = JSON.parse(text) as ServerFrame;
    parsed.push(frame);
    settle(frame.RequestId, (waiter) => waiter.resolve(frame));
    for (const listener of listeners) listener(frame);
  };
  const socket = await openFrameSocket(url, token, { ...options, onText });
  void socket.ended.then(() => {
    for (const id of [...waiting.keys()]) {
      settle(id, (waiter) => waiter.reject(new Error('the connection ended before the answer')));
    }
  });
  const request = (fields: Readonly<Record<string, unknown>>, withinMs = answerWithinMs) => {
    if (!socket.isOpen()) return Promise.reject(new Error('the connection ended before the request'));
    const RequestId = randomUUID();
    return new Promise<ServerFrame>((resolve, reject) => {
      const late = () => {
        settle(RequestId, (waiter) => waiter.reject(new Error(`no answer within ${withinMs} ms`)));
      };
      waiting.set(RequestId, { resolve, reject, timer: setTimeout(late, withinMs) });
      socket.sendText(JSON.stringify({ ...fields, RequestId }));
    });
  };
  return {
    socket,
    texts,
    frames: () => parsed,
    onFrame: (listener) => void listeners.push(listener),
    roomTexts: () => texts.filter((_, at) => parsed[at]?.Type !== 'ERROR'),
    request,
    say: (content, withinMs) => request({ Action: 'SEND_MESSAGE', Content: content }, withinMs),
    received: (fits, withinMs = answerWithinMs) =>
      eventually(() => {
        const frame = parsed.find(fits);
        if (frame === undefined) throw new Error(`not received; ${texts.length} frames: ${texts.slice(-5)}`);
        return frame;
      }, withinMs),
  };
}
