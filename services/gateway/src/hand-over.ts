import type { Published } from '@roomstream/bus/bus';
import type { Entry } from '@roomstream/bus/entry';
import type { LogTarget } from '@roomstream/bus/log-target';
import type { ReplyAddress } from '@roomstream/bus/reply';
import type { Review } from '@roomstream/bus/review';
import { type ErrorCode, errorCode } from '@roomstream/protocol/errors';
import { deleteMessageAttributes, disconnectUserAttributes, eventName } from '@roomstream/protocol/events';
import { encodeEvent, encodeMessage } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { codePoints } from '@roomstream/protocol/limits';
import type { DeleteMessage, DisconnectUser, Request, SendMessage } from '@roomstream/protocol/requests';
import { logTargets, moderationLogTargets } from '@roomstream/store/log-targets';
import type { Quotas } from '@roomstream/store/quotas';
import { perSecondOf, type RateName } from '@roomstream/store/rate-names';
import type { MessageReviewHandler, Room } from '@roomstream/store/records';
import type { LocalRoom, Session } from './session.ts';

/** Where requests go: the room's record, the account's rates, the bus. */
export type HandOverParts = {
  readonly quotas: Quotas;
  /** The room's record, undefined when it was deleted. */
  readonly record: (room: LocalRoom) => Room | undefined | Promise<Room | undefined>;
  readonly permits: { take(account: string): boolean | Promise<boolean>; giveBack(account: string): void };
  readonly rates: { take(account: string, rate: ModerationRate, perSecond: number): Promise<number> };
  readonly publish: (
    entries: readonly Entry[],
    perSecond: number | undefined,
    logs: readonly LogTarget[],
  ) => Promise<Published>;
  /** Whether the room's rate is known to be used up at this moment. */
  readonly isRefused: (room: string, perSecond: number) => boolean;
  readonly submitReview: (review: Review, perSecond?: number) => Promise<Published>;
  /** Counts a request that a full log of its room refused. */
  readonly logRefused: (account: string, configuration: string) => void;
  /** Where the ERROR of a message that review denies finds the session. */
  readonly replyTo: (session: Session) => ReplyAddress;
  /** Redis time. */
  readonly nowMs: () => number;
};

type ModerationRate = Extract<RateName, 'DeleteMessage' | 'DisconnectUser'>;

/** Why a request wasn't done. */
export type Verdict = { readonly code: ErrorCode; readonly message: string };

/** Refused before the bus saw it, or handed to the bus, whose verdict comes later: undefined when it is published. */
export type Outcome =
  | ({ readonly kind: 'refused' } & Verdict)
  | { readonly kind: 'handed-over'; readonly verdict: Promise<Verdict | undefined> };

/**
 * Holds a request against the room and the account, and hands its frame to the bus. The outcome is there when the bus
 * has it, so that the next request of the connection can follow in order without waiting for Redis: at once when record
 * and permit are at hand, as they are for most messages. Rejects when the store is away.
 */
export function handOver(
  parts: HandOverParts,
  session: Session,
  request: Request,
  id: string,
): Outcome | Promise<Outcome> {
  const found = parts.record(session.room);
  return found instanceof Promise
    ? found.then((room) => handOverIn(room, parts, session, request, id))
    : handOverIn(found, parts, session, request, id);
}

function handOverIn(
  room: Room | undefined,
  parts: HandOverParts,
  session: Session,
  request: Request,
  id: string,
): Outcome | Promise<Outcome> {
  if (room === undefined) return refused(errorCode.notFound, 'The room does not exist any more');
  switch (request.action) {
    case 'SEND_MESSAGE':
      return handOverMessage(parts, session, request, id, room);
    case 'DELETE_MESSAGE':
      return handOverDeletion(parts, session, request, id, room);
    case 'DISCONNECT_USER':
      return handOverDisconnection(parts, session, request, id, room);
    default:
      return request satisfies never;
  }
}

function handOverMessage(
  parts: HandOverParts,
  session: Session,
  request: SendMessage,
  id: string,
  room: Room,
): Outcome | Promise<Outcome> {
  const length = codePoints(request.content);
  if (length > room.maximumMessageLength) {
    return refused(
      errorCode.badRequest,
      `Content has ${length} characters, the limit of the room is ${room.maximumMessageLength}`,
    );
  }
  // A flooded room must not even hold permits that the account's other rooms could use.
  const perSecond = room.maximumMessageRatePerSecond;
  if (parts.isRefused(room.id, perSecond)) return roomRefused(perSecond);
  const permit = parts.permits.take(session.room.account);
  return permit instanceof Promise
    ? permit.then((isGranted) => sendMessage(isGranted, parts, session, request, id, room))
    : sendMessage(permit, parts, session, request, id, room);
}

function sendMessage(
  isGranted: boolean,
  parts: HandOverParts,
  session: Session,
  request: SendMessage,
  id: string,
  room: Room,
): Outcome {
  const { account } = session.room;
  const quotas = parts.quotas.of(account);
  if (!isGranted) return rateRefused('SendMessage', perSecondOf(quotas, 'SendMessage'));
  const { messageReviewHandler: handler, maximumMessageRatePerSecond: perSecond } = room;
  const logs = logTargets(quotas, room);
  const published =
    handler === undefined
      ? parts.publish([messageEntry(parts, session, request, id)], perSecond, logs)
      : parts.submitReview(reviewOf(parts, session, request, id, { room, handler, logs }), perSecond);
  return {
    kind: 'handed-over',
    verdict: published.then((result) => {
      // A flooded room, or one whose log is full, must not use up what the account may send to its other rooms.
      if (result.kind === 'rate-exceeded' || result.kind === 'log-full') parts.permits.giveBack(account);
      return verdictOf(parts, account, result, perSecond);
    }),
  };
}

function messageEntry(parts: HandOverParts, session: Session, request: SendMessage, id: string): Entry {
  const { requestId, attributes, content } = request;
  const frame = encodeMessage({
    id,
    requestId,
    attributes,
    content,
    sendTimeMs: parts.nowMs(),
    sender: session.sender(),
  });
  return frameEntry(session, id, frame);
}

/** What a message for review takes along of its room. */
type ReviewedRoom = {
  readonly room: Room;
  readonly handler: MessageReviewHandler;
  readonly logs: readonly LogTarget[];
};

/** The message as the review worker gets it; its frame, or the ERROR for its sender, comes back over the bus. */
function reviewOf(
  parts: HandOverParts,
  session: Session,
  request: SendMessage,
  id: string,
  { room, handler, logs }: ReviewedRoom,
): Review {
  const { requestId, attributes, content } = request;
  return {
    account: session.room.account,
    room: session.room.id,
    id,
    requestId,
    content,
    attributes,
    sender: { userId: session.userId, attributes: session.attributes(), ip: session.address },
    handler,
    maximumMessageLength: room.maximumMessageLength,
    replyTo: parts.replyTo(session),
    logs,
  };
}

async function handOverDeletion(
  parts: HandOverParts,
  session: Session,
  request: DeleteMessage,
  id: string,
  room: Room,
): Promise<Outcome> {
  const full = await moderationRateRefused(parts, session, 'DeleteMessage');
  if (full !== undefined) return full;
  const frame = encodeEvent({
    id,
    requestId: request.requestId,
    eventName: eventName.deleteMessage,
    attributes: deleteMessageAttributes(request.id, request.reason),
    sendTimeMs: parts.nowMs(),
  });
  return moderated(parts, room, [frameEntry(session, id, frame)]);
}

async function handOverDisconnection(
  parts: HandOverParts,
  session: Session,
  request: DisconnectUser,
  id: string,
  room: Room,
): Promise<Outcome> {
  const full = await moderationRateRefused(parts, session, 'DisconnectUser');
  if (full !== undefined) return full;
  const frame = encodeEvent({
    id,
    requestId: request.requestId,
    eventName: eventName.disconnectUser,
    attributes: disconnectUserAttributes(request.userId, request.reason),
    sendTimeMs: parts.nowMs(),
  });
  const { account } = room;
  const disconnect: Entry = { kind: 'disconnect', account, room: room.id, id: newId(), body: request.userId };
  // One publish: the user sees the event before the close.
  return moderated(parts, room, [frameEntry(session, id, frame), disconnect]);
}

async function moderationRateRefused(
  parts: HandOverParts,
  session: Session,
  rate: ModerationRate,
): Promise<Outcome | undefined> {
  const { account } = session.room;
  const perSecond = perSecondOf(parts.quotas.of(account), rate);
  const granted = await parts.rates.take(account, rate, perSecond);
  return granted > 0 ? undefined : rateRefused(rate, perSecond);
}

function frameEntry(session: Session, id: string, body: string): Entry {
  const { account, id: room } = session.room;
  return { kind: 'frame', account, room, id, body };
}

/** Neither the room's rate nor a full log refuses what a moderator does. */
function moderated(parts: HandOverParts, room: Room, entries: readonly Entry[]): Outcome {
  const { account } = room;
  const logs = moderationLogTargets(parts.quotas.of(account), room);
  const published = parts.publish(entries, undefined, logs);
  return { kind: 'handed-over', verdict: published.then((result) => verdictOf(parts, account, result, 0)) };
}

function verdictOf(
  parts: HandOverParts,
  account: string,
  published: Published,
  perSecond: number,
): Verdict | undefined {
  switch (published.kind) {
    case 'published':
      return undefined;
    case 'rate-exceeded':
      return roomRefused(perSecond);
    case 'log-full':
      parts.logRefused(account, published.configuration);
      // Which log it is concerns the operator, who finds it in metrics and logs.
      return refused(
        errorCode.tooManyRequests,
        "The room's log is full and takes no more for now; try again later",
      );
    case 'unavailable':
      return { code: errorCode.internal, message: 'The request was not confirmed; it may still take effect' };
    default:
      return published satisfies never;
  }
}

function roomRefused(perSecond: number): Verdict & { readonly kind: 'refused' } {
  return refused(errorCode.tooManyRequests, `The limit of the room is ${perSecond} messages per second`);
}

function rateRefused(rate: RateName, perSecond: number): Outcome {
  return refused(
    errorCode.tooManyRequests,
    `The limit of the account is ${perSecond} ${rate} requests per second`,
  );
}

function refused(code: ErrorCode, message: string): Verdict & { readonly kind: 'refused' } {
  return { kind: 'refused', code, message };
}
