import type { Bus } from '@roomstream/bus/bus';
import type { UserRecordsOf } from '@roomstream/bus/user-records';
import { Backoff, sleep } from '@roomstream/runtime/backoff';
import { clientAddress, type TrustedProxies } from '@roomstream/runtime/trusted-proxies';
import type { ConnectionSlots } from '@roomstream/store/connection-slots';
import type { Room } from '@roomstream/store/records';
import type { ChatToken } from '@roomstream/token/token';
import type { TokenClaims } from '@roomstream/token/token-claims';
import type { TokenKeys } from '@roomstream/token/token-keys';
import type { HandshakeOutcome } from './metrics.ts';
import type { Arrival } from './recovery/arrival.ts';
import type { Recovery } from './recovery/recovery.ts';
import { readWishes, type Wishes } from './recovery/wishes.ts';
import type { Entering, LocalRooms } from './rooms.ts';
import { type LocalRoom, Session } from './session.ts';
import { closeCode, type Handshake, type RefusalStatus } from './transport.ts';

/** What a handshake is decided by. */
export type HandshakeParts = {
  readonly tokens: Pick<TokenKeys, 'open'>;
  readonly claims: Pick<TokenClaims, 'claim'>;
  readonly bus: Pick<Bus, 'clock' | 'commands'>;
  readonly rooms: LocalRooms;
  readonly slots: Pick<ConnectionSlots, 'acquire' | 'release' | 'force'>;
  readonly recovery: Pick<Recovery, 'isOn' | 'isConnected' | 'announce' | 'withdraw' | 'arrive'>;
  readonly proxies: TrustedProxies;
  /** Closes an open connection. */
  readonly end: (session: Session, code: number) => void;
  /** Lets an open connection have what is said from now on. */
  readonly listen: (session: Session) => void;
  /** Sends an open connection what it is owed, and lets it listen then. */
  readonly handIn: (session: Session, arrival: Arrival) => void;
  /** Most frames of history that a newcomer may ask for. */
  readonly mostHistory: number;
};

/** What each outcome answers; one place, so that texts and statuses stay together. */
export const refusals = {
  bad_request: { status: 400, message: 'A parameter of the URL is wrong' },
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

/** Refuses a handshake as the table says, with a message of its own if given; returns the outcome to count. */
export function refuse(handshake: Handshake, outcome: keyof typeof refusals, why?: string): HandshakeOutcome {
  if (handshake.isGone) return 'gone';
  const { status, message } = refusals[outcome];
  handshake.refuse(status, why ?? message);
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
  const wishes = readWishes(handshake.query, parts.mostHistory);
  if (typeof wishes === 'string') return refuse(handshake, 'bad_request', wishes);
  const patience = { deadlineMs, isOver: () => handshake.isGone };
  // Nearly always all is at hand until the claim: an `await` of what is no promise costs a turn of microtasks each.
  const opened = persist(() => parts.tokens.open(text), patience);
  const token = opened instanceof Promise ? await opened : opened;
  if (token === gaveUp) return refuse(handshake, 'unavailable');
  if (token === undefined) return refuse(handshake, 'invalid_token');
  const nowMs = parts.bus.clock.nowMs();
  if (nowMs >= token.tokenExpiresMs || nowMs >= token.sessionExpiresMs)
    return refuse(handshake, 'expired_token');
  // Held before the record is read: a cached record is true only while changes of the room are heard.
  const held = persist(() => parts.rooms.hold(token.account, token.room), patience);
  const room = held instanceof Promise ? await held : held;
  if (room === gaveUp) return refuse(handshake, 'unavailable');
  const entering = parts.rooms.beginEntering(room, token.userId);
  const outcome = await admitToRoom(parts, handshake, { token, entering, wishes }, patience);
  parts.rooms.endEntering(entering);
  if (outcome !== 'admitted') parts.rooms.release(room);
  return outcome;
}

/** Who wants to enter. */
type Guest = { readonly token: ChatToken; readonly entering: Entering; readonly wishes: Wishes };

async function admitToRoom(
  parts: HandshakeParts,
  handshake: Handshake,
  guest: Guest,
  patience: Patience,
): Promise<HandshakeOutcome> {
  const { token } = guest;
  const { room } = guest.entering;
  const found = persist(() => parts.rooms.record(room), patience);
  const record = found instanceof Promise ? await found : found;
  if (record === gaveUp) return refuse(handshake, 'unavailable');
  if (record === undefined) return refuse(handshake, 'room_not_found');
  const taken = persist(() => takeSlot(parts, token, room), patience);
  const hasSlot = taken instanceof Promise ? await taken : taken;
  if (hasSlot === gaveUp) return refuse(handshake, 'unavailable');
  if (!hasSlot) return refuse(handshake, 'connection_quota');
  const outcome = await claimAndUpgrade(parts, handshake, guest, record, patience);
  if (outcome !== 'admitted') parts.slots.release(token.account);
  return outcome;
}

/** A slot of the account's connection quota; beyond the quota for a user who is in the room already, and refreshes. */
function takeSlot(parts: HandshakeParts, token: ChatToken, room: LocalRoom): boolean | Promise<boolean> {
  const isAcquired = parts.slots.acquire(token.account);
  return isAcquired === true || takeSlotOfRefresh(parts, token, room, isAcquired);
}

async function takeSlotOfRefresh(
  parts: HandshakeParts,
  token: ChatToken,
  room: LocalRoom,
  acquired: boolean | Promise<boolean>,
): Promise<boolean> {
  if (await acquired) return true;
  const isRefresh =
    parts.rooms.sessionsOf(room, token.userId).length > 0 ||
    (await parts.recovery.isConnected(room.id, token.userId));
  if (isRefresh) parts.slots.force(token.account);
  return isRefresh;
}

async function claimAndUpgrade(
  parts: HandshakeParts,
  handshake: Handshake,
  guest: Guest,
  record: Room,
  patience: Patience,
): Promise<HandshakeOutcome> {
  const { token, entering, wishes } = guest;
  const { recovery } = parts;
  const { room } = entering;
  const address = clientAddress(handshake.peer, handshake.forwardedFor, parts.proxies);
  const session = new Session(++sessions, token, room, address);
  const isOn = recovery.isOn(token.account);
  // Beside the claim, so that it costs no time. On record before it is open: its user may be back elsewhere very soon.
  const asked =
    isOn || wishes.history > 0 ? persist(() => recovery.announce(session, isOn), patience) : undefined;
  const outcome = await claimAndOpen(parts, handshake, guest, { session, record, asked }, patience);
  if (isOn && outcome !== 'admitted') recovery.withdraw(session);
  return outcome;
}

/** A connection on its way: its room's record, and what is being asked of its user. */
type Opening = {
  readonly session: Session;
  readonly record: Room;
  readonly asked: ReturnType<typeof persist<UserRecordsOf>> | undefined;
};

async function claimAndOpen(
  parts: HandshakeParts,
  handshake: Handshake,
  { token, entering, wishes }: Guest,
  { session, record, asked }: Opening,
  patience: Patience,
): Promise<HandshakeOutcome> {
  const claim = await persist(() => tryToClaim(parts, token), patience);
  const known = await asked;
  if (claim === gaveUp || known === gaveUp) return refuse(handshake, 'unavailable');
  if (claim !== 'claimed') return refuse(handshake, claim);
  const arriving = { room: entering.room, record, userId: token.userId, wishes };
  const arrival =
    known && (await parts.recovery.arrive(arriving, known, (attempt) => tryOn(attempt, patience)));
  return open(parts, handshake, session, entering, arrival) ? 'admitted' : 'gone';
}

async function tryOn<T>(attempt: () => Promise<T>, patience: Patience): Promise<T | undefined> {
  const result = await persist(attempt, patience);
  return result === gaveUp ? undefined : result;
}

/** Upgrades, and sends what the connection is owed before anything that comes later; false when the client has gone. */
function open(
  parts: HandshakeParts,
  handshake: Handshake,
  session: Session,
  entering: Entering,
  arrival: Arrival | undefined,
): boolean {
  if (arrival !== undefined) {
    session.isReturning = true;
    session.certain = arrival.certain;
    session.knownSinceMs = arrival.knownSinceMs;
    session.returnedFrom = arrival.returnedFrom;
  }
  if (!handshake.accept(session)) {
    arrival?.held.release();
    return false;
  }
  if (arrival === undefined) parts.listen(session);
  else parts.handIn(session, arrival);
  // Refused, it would only come back with another token; closed, it stays away as those do that were open.
  if (entering.isDisconnected) {
    session.isExpelled = true;
    parts.end(session, closeCode.normal);
  }
  return true;
}

/** Throws while Redis is away. A claim whose answer is lost may stand all the same, so none is begun while that is known. */
async function tryToClaim(
  { bus, claims }: HandshakeParts,
  token: ChatToken,
): Promise<'claimed' | 'used_token' | 'expired_token'> {
  if (bus.commands.status !== 'ready') throw new Error('Redis is away');
  const nowMs = bus.clock.nowMs();
  if (nowMs >= token.tokenExpiresMs) return 'expired_token';
  const claim = await claims.claim(token, nowMs);
  if (claim === 'unavailable') throw new Error('Redis is away');
  return claim === 'used' ? 'used_token' : 'claimed';
}

type Patience = { readonly deadlineMs: number; readonly isOver: () => boolean };

const gaveUp = Symbol('gave up');

/** Tries until it succeeds or the patience ends; `attempt` may run several times. A promise only when the first one gives one. */
function persist<T>(
  attempt: () => T | Promise<T>,
  patience: Patience,
): T | typeof gaveUp | Promise<T | typeof gaveUp> {
  if (patience.isOver()) return gaveUp;
  const result = begin(attempt);
  return result instanceof Promise ? persistOn(result, attempt, patience) : result;
}

async function persistOn<T>(
  first: Promise<T>,
  attempt: () => T | Promise<T>,
  { deadlineMs, isOver }: Patience,
): Promise<T | typeof gaveUp> {
  let backoff: Backoff | undefined;
  let result: T | Promise<T> = first;
  for (;;) {
    try {
      return await result;
    } catch {
      // Redis or KMS is away; both log that themselves, once.
      backoff ??= new Backoff(50, 500);
      const pauseMs = backoff.nextMs();
      if (performance.now() + pauseMs >= deadlineMs) return gaveUp;
      await sleep(pauseMs);
      if (isOver()) return gaveUp;
      result = begin(attempt);
    }
  }
}

/** Throws nothing: what fails is a promise. */
function begin<T>(attempt: () => T | Promise<T>): T | Promise<T> {
  try {
    return attempt();
  } catch (error) {
    return Promise.reject(error);
  }
}
