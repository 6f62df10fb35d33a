import type { Bus } from '@roomstream/bus/bus';
import { Backoff, sleep } from '@roomstream/runtime/backoff';
import { clientAddress, type TrustedProxies } from '@roomstream/runtime/trusted-proxies';
import type { ConnectionSlots } from '@roomstream/store/connection-slots';
import { claimToken } from '@roomstream/token/claim';
import type { ChatToken } from '@roomstream/token/token';
import type { TokenKeys } from '@roomstream/token/token-keys';
import type { HandshakeOutcome } from './metrics.ts';
import { keepOverlap } from './overlap.ts';
import type { Entering, LocalRoom, LocalRooms } from './rooms.ts';
import { Session } from './session.ts';
import { closeCode, type Handshake, type RefusalStatus } from './transport.ts';
import type { UserRegistry } from './user-registry.ts';

/** What a handshake is decided by. */
export type HandshakeParts = {
  readonly tokens: Pick<TokenKeys, 'open'>;
  readonly bus: Pick<Bus, 'clock' | 'commands'>;
  readonly rooms: LocalRooms;
  readonly slots: Pick<ConnectionSlots, 'acquire' | 'release' | 'force'>;
  readonly users: Pick<UserRegistry, 'isConnected'>;
  readonly proxies: TrustedProxies;
  /** Closes an open connection. */
  readonly end: (session: Session, code: number) => void;
  /** Sends a text frame to an open connection. */
  readonly send: (session: Session, frame: Buffer) => void;
  /** How long a refresh waits, its room's frames kept meanwhile; 0: not at all. */
  readonly overlapMs: number;
};

/** What each outcome answers; one place, so that texts and statuses stay together. */
export const refusals = {
  no_token: { status: 401, message: 'Give one chat token as Sec-WebSocket-Protocol' },
  invalid_token: { status: 401, message: 'The chat token is not valid' },
  expired_token: { status: 401, message: 'The chat token has expired' },
  used_token: { status: 401, message: 'The chat token has been used already' },
  room_not_found: { status: 404, message: 'The room does not exist' },
  connection_quota: { status: 429, message: 'The account has as many connections as its quota allows' },
  draining: { status: 503, message: 'This gateway is draining; connect again' },
  busy: { status: 503, message: 'Too many handshakes are waiting; connect again' },
  unavailable: { status: 503, message: 'The service is not available now; connect again' },
} as const satisfies Record<
  Exclude<HandshakeOutcome, 'admitted' | 'gone'>,
  { status: RefusalStatus; message: string }
>;

/** Refuses a handshake as the table says; returns the outcome to count. */
export function refuse(handshake: Handshake, outcome: keyof typeof refusals): HandshakeOutcome {
  if (handshake.isGone) return 'gone';
  const { status, message } = refusals[outcome];
  handshake.refuse(status, message);
  return outcome;
}

let sessions = 0;

/**
 * Decides a handshake and carries the decision out. The token is claimed last, when nothing but the upgrade is left: a
 * client that is refused may try again with it. While Redis is away it waits, until `deadlineMs` of the monotonic clock.
 */
export async function admit(
  parts: HandshakeParts,
  handshake: Handshake,
  deadlineMs: number,
): Promise<HandshakeOutcome> {
  const text = handshake.protocol.trim();
  if (text === '' || text.includes(',')) return refuse(handshake, 'no_token');
  const patience = { deadlineMs, isOver: () => handshake.isGone };
  const token = await persist(() => parts.tokens.open(text), patience);
  if (token === gaveUp) return refuse(handshake, 'unavailable');
  if (token === undefined) return refuse(handshake, 'invalid_token');
  const nowMs = parts.bus.clock.nowMs();
  if (nowMs >= token.tokenExpiresMs || nowMs >= token.sessionExpiresMs)
    return refuse(handshake, 'expired_token');
  // Held before the record is read: a cached record is true only while changes of the room are heard.
  const room = await persist(() => parts.rooms.hold(token.account, token.room), patience);
  if (room === gaveUp) return refuse(handshake, 'unavailable');
  const entering = parts.rooms.beginEntering(room, token.userId);
  const outcome = await admitToRoom(parts, handshake, token, entering, patience);
  parts.rooms.endEntering(entering);
  if (outcome !== 'admitted') parts.rooms.release(room);
  return outcome;
}

async function admitToRoom(
  parts: HandshakeParts,
  handshake: Handshake,
  token: ChatToken,
  entering: Entering,
  patience: Patience,
): Promise<HandshakeOutcome> {
  const { room } = entering;
  const record = await persist(() => parts.rooms.record(room), patience);
  if (record === gaveUp) return refuse(handshake, 'unavailable');
  if (record === undefined) return refuse(handshake, 'room_not_found');
  const hasSlot = await persist(() => takeSlot(parts, token, room), patience);
  if (hasSlot === gaveUp) return refuse(handshake, 'unavailable');
  if (!hasSlot) return refuse(handshake, 'connection_quota');
  const outcome = await claimAndUpgrade(parts, handshake, token, entering, patience);
  if (outcome !== 'admitted') parts.slots.release(token.account);
  return outcome;
}

/** A slot of the account's connection quota; beyond the quota for a user who is in the room already, and refreshes. */
async function takeSlot(parts: HandshakeParts, token: ChatToken, room: LocalRoom): Promise<boolean> {
  if (await parts.slots.acquire(token.account)) return true;
  const isRefresh = isHere(parts, token, room) || (await parts.users.isConnected(room.id, token.userId));
  if (isRefresh) parts.slots.force(token.account);
  return isRefresh;
}

/** Whether the user has a connection in the room at any gateway; false as well when Redis doesn't say. */
async function isInRoom(parts: HandshakeParts, token: ChatToken, room: LocalRoom): Promise<boolean> {
  return isHere(parts, token, room) || parts.users.isConnected(room.id, token.userId).catch(() => false);
}

/** Whether the user has a connection in the room at this gateway. */
function isHere(parts: HandshakeParts, token: ChatToken, room: LocalRoom): boolean {
  return parts.rooms.sessionsOf(room, token.userId).length > 0;
}

async function claimAndUpgrade(
  parts: HandshakeParts,
  handshake: Handshake,
  token: ChatToken,
  entering: Entering,
  patience: Patience,
): Promise<HandshakeOutcome> {
  // Asked beside the claim, so that it costs no time.
  const [claim, isRefresh] = await Promise.all([
    persist(() => tryToClaim(parts, token), patience),
    parts.overlapMs > 0 && isInRoom(parts, token, entering.room),
  ]);
  if (claim === gaveUp) return refuse(handshake, 'unavailable');
  if (claim !== 'claimed') return refuse(handshake, claim);
  const overlap = isRefresh ? await keepOverlap(entering.room, parts.overlapMs) : undefined;
  const outcome = open(parts, handshake, token, entering, overlap?.frames ?? []);
  overlap?.end();
  return outcome;
}

/** Upgrades, and sends what the room said while the connection waited, before anything that comes later. */
function open(
  parts: HandshakeParts,
  handshake: Handshake,
  token: ChatToken,
  entering: Entering,
  frames: readonly Buffer[],
): HandshakeOutcome {
  const address = clientAddress(handshake.peer, handshake.forwardedFor, parts.proxies);
  const session = new Session(++sessions, token, entering.room, address);
  if (!handshake.accept(session)) return 'gone';
  for (const frame of frames) parts.send(session, frame);
  // Refused, it would only come back with another token; closed, it stays away as those do that were open.
  if (entering.isDisconnected) parts.end(session, closeCode.normal);
  return 'admitted';
}

/** Throws while Redis is away. A claim whose answer is lost may stand all the same, so none is begun while that is known. */
async function tryToClaim(
  { bus }: HandshakeParts,
  token: ChatToken,
): Promise<'claimed' | 'used_token' | 'expired_token'> {
  if (bus.commands.status !== 'ready') throw new Error('Redis is away');
  const nowMs = bus.clock.nowMs();
  if (nowMs >= token.tokenExpiresMs) return 'expired_token';
  const claim = await claimToken(bus.commands, token, nowMs);
  if (claim === 'unavailable') throw new Error('Redis is away');
  return claim === 'used' ? 'used_token' : 'claimed';
}

type Patience = { readonly deadlineMs: number; readonly isOver: () => boolean };

const gaveUp = Symbol('gave up');

/** Tries until it succeeds or the patience ends; `attempt` may run several times. */
async function persist<T>(
  attempt: () => T | Promise<T>,
  { deadlineMs, isOver }: Patience,
): Promise<T | typeof gaveUp> {
  let backoff: Backoff | undefined;
  while (!isOver()) {
    try {
      const result = attempt();
      return result instanceof Promise ? await result : result;
    } catch {
      // Redis or KMS is away; both log that themselves, once.
      backoff ??= new Backoff(50, 500);
      const pauseMs = backoff.nextMs();
      if (performance.now() + pauseMs >= deadlineMs) return gaveUp;
      await sleep(pauseMs);
    }
  }
  return gaveUp;
}
