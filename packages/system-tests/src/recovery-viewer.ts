import { ChatRoom, SendMessageRequest } from 'amazon-ivs-chat-messaging';
import type { Api, TokenOrder } from './api.ts';
import { type ConnectionLife, connectionLife, provideWebSocket } from './tracked-web-socket.ts';

/** Someone with the unmodified official client of whom only the Ids of what he is told are kept. */
export type RecoveryViewer = {
  readonly userId: string;
  /** The room's ARN. */
  readonly roomIdentifier: string;
  /** Whether his client renews its token by itself. */
  readonly refreshes: boolean;
  /** Ids of the messages that his client has told the application, in that order. */
  readonly ids: readonly string[];
  /** When it told each of them (`performance.now()`). */
  readonly toldMs: readonly number[];
  /** Why his client gave up, each time that it did. The application lets it connect again. */
  readonly gaveUp: readonly string[];
  isConnected(): boolean;
  /** Tokens that his client has asked for. */
  tokens(): number;
  /** When his connections were open, oldest first. */
  connections(): readonly ConnectionLife[];
  /** Says something if connected; nobody waits for the answer. */
  say(content: string): boolean;
  close(): void;
};

const quiet = () => undefined;
const quietLogger = { debug: quiet, info: quiet, error: quiet };

/** Connects the official client; `refreshes` says whether the application hands it the expiration times of its tokens. */
export function openRecoveryViewer(
  api: Pick<Api, 'mint'>,
  url: string,
  order: TokenOrder,
  refreshes: boolean,
): RecoveryViewer {
  provideWebSocket({ keepsTexts: false });
  const given: string[] = [];
  const ids: string[] = [];
  const toldMs: number[] = [];
  const gaveUp: string[] = [];
  let isClosed = false;
  const room = new ChatRoom({
    regionOrUrl: url,
    tokenProvider: async () => {
      const answer = await api.mint(order);
      given.push(answer.token);
      return refreshes ? answer : { token: answer.token };
    },
  });
  room.logger = quietLogger;
  room.logLevel = 'error';
  room.addListener('message', ({ id }) => {
    ids.push(id);
    toldMs.push(performance.now());
  });
  room.addListener('disconnect', (reason) => {
    if (reason === 'clientDisconnect') return;
    gaveUp.push(reason);
    // Once it has cleaned up behind its last word.
    setImmediate(() => {
      if (room.state === 'disconnected' && !isClosed) room.connect();
    });
  });
  room.connect();
  return {
    userId: order.userId,
    roomIdentifier: order.roomIdentifier,
    refreshes,
    ids,
    toldMs,
    gaveUp,
    isConnected: () => room.state === 'connected',
    tokens: () => given.length,
    connections: () => given.flatMap((token) => connectionLife(token) ?? []),
    say: (content) => say(room, content),
    close: () => {
      isClosed = true;
      room.disconnect();
    },
  };
}

function say(room: ChatRoom, content: string): boolean {
  if (room.state !== 'connected') return false;
  try {
    // A message whose answer is lost with its connection settles when it is received after the return, or never.
    room.sendMessage(new SendMessageRequest(content)).catch(quiet);
    return true;
  } catch {
    // Connected with a connection that has just closed: the client says so by throwing.
    return false;
  }
}
