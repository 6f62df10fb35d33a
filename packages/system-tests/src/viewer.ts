import { eventually } from '@roomstream/testing/eventually';
import {
  type ChatEvent,
  type ChatMessage,
  ChatRoom,
  type DeleteMessageEvent,
  type DisconnectUserEvent,
  SendMessageRequest,
} from 'amazon-ivs-chat-messaging';
import type { Api, TokenOrder } from './api.ts';
import { type ConnectionLife, connectionLife, provideWebSocket } from './tracked-web-socket.ts';

/** Someone with the unmodified official client, and all that it told him. */
export type Viewer = {
  readonly room: ChatRoom;
  readonly userId: string;
  readonly messages: readonly ChatMessage[];
  readonly events: readonly ChatEvent[];
  readonly deletions: readonly DeleteMessageEvent[];
  readonly disconnections: readonly DisconnectUserEvent[];
  /** `connecting`, `connected`, `disconnected: <reason>`, in order. */
  readonly states: readonly string[];
  /** How many tokens the client has asked for. */
  tokens(): number;
  /** The connections that it has opened, oldest first. */
  connections(): readonly ConnectionLife[];
  /** Resolves once connected. */
  connected(): Promise<void>;
  /** sendMessage; rejects when the client learns of neither success nor failure within 20 s. */
  say(content: string, attributes?: Record<string, string>): Promise<ChatMessage>;
  close(): void;
};

/** What an application may do differently. */
export type ViewerOptions = {
  /** Leaves out the optional expiration times, so that the client never refreshes by itself. */
  readonly isWithoutExpirations?: boolean;
};

/** Connects the official client to a gateway, with tokens of the real API. */
export function openViewer(api: Api, url: string, order: TokenOrder, options: ViewerOptions = {}): Viewer {
  provideWebSocket();
  const given: string[] = [];
  const room = new ChatRoom({
    regionOrUrl: url,
    tokenProvider: async () => {
      const answer = await api.mint(order);
      given.push(answer.token);
      return options.isWithoutExpirations === true ? { token: answer.token } : answer;
    },
  });
  const quiet = () => undefined;
  room.logger = { debug: quiet, info: quiet, error: quiet };
  const messages: ChatMessage[] = [];
  const events: ChatEvent[] = [];
  const deletions: DeleteMessageEvent[] = [];
  const disconnections: DisconnectUserEvent[] = [];
  const states: string[] = [];
  room.addListener('message', (message) => messages.push(message));
  room.addListener('event', (event) => events.push(event));
  room.addListener('messageDelete', (event) => deletions.push(event));
  room.addListener('userDisconnect', (event) => disconnections.push(event));
  room.addListener('connecting', () => states.push('connecting'));
  room.addListener('connect', () => states.push('connected'));
  room.addListener('disconnect', (reason) => states.push(`disconnected: ${reason}`));
  room.connect();
  return {
    room,
    userId: order.userId,
    messages,
    events,
    deletions,
    disconnections,
    states,
    tokens: () => given.length,
    connections: () => given.flatMap((token) => connectionLife(token) ?? []),
    connected: async () => {
      await eventually(() => {
        if (room.state !== 'connected') throw new Error(`${order.userId} is not connected: ${states}`);
      }, 30_000);
    },
    say: (content, attributes) => answered(room.sendMessage(new SendMessageRequest(content, attributes))),
    close: () => room.disconnect(),
  };
}

/** Connects and waits until connected. */
export async function connectViewer(
  api: Api,
  url: string,
  order: TokenOrder,
  options: ViewerOptions = {},
): Promise<Viewer> {
  const viewer = openViewer(api, url, order, options);
  await viewer.connected();
  return viewer;
}

const answerWithinMs = 20_000;

function answered<T>(request: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`neither confirmed nor refused within ${answerWithinMs} ms`));
    const timer = setTimeout(late, answerWithinMs);
    request.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
