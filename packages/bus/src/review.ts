import { type Attributes, isAttributes } from '@roomstream/protocol/attributes';
import { bodyAt } from './entry.ts';
import { isLogTargets, type LogTarget } from './log-target.ts';
import { parsePosition } from './position.ts';
import type { ReplyAddress } from './reply.ts';

/** A message that has to be reviewed before its room gets it, with all that a worker needs for that. */
export type Review = {
  /** Twelve digits. */
  readonly account: string;
  /** The room's id. */
  readonly room: string;
  /** The message's id. */
  readonly id: string;
  readonly requestId: string | undefined;
  readonly content: string;
  readonly attributes: Attributes;
  readonly sender: {
    readonly userId: string;
    readonly attributes: Attributes;
    /** The client's address, as seen through trusted proxies. */
    readonly ip: string;
  };
  /** The room's handler when the message was sent. */
  readonly handler: { readonly uri: string; readonly fallbackResult: 'ALLOW' | 'DENY' };
  /** The room's, in code points: what the handler makes of the message must fit it too. */
  readonly maximumMessageLength: number;
  /** Where the ERROR of a denied message goes. */
  readonly replyTo: ReplyAddress;
  /** The room's logging configurations when the message was sent: its frame is logged there once it has a verdict. */
  readonly logs: readonly LogTarget[];
};

/** A message that waits for review. */
export type WaitingReview = Review & {
  /** Its id in the review stream. */
  readonly entryId: string;
  /** When it was submitted, milliseconds of Redis time. */
  readonly submittedMs: number;
};

// <kind 1><account 12><room 12><id 12><JSON>: the prefix of entry.ts, so that scripts find ids at the same place.
const prefix = /^V\d{12}[0-9A-Za-z]{24}$/;

type Body = Omit<Review, 'account' | 'room' | 'id'>;

/** Renders a message for the review stream. Throws on an account, room or id of another width: that is a bug. */
export function encodeReview({ account, room, id, ...body }: Review): string {
  const identity = `V${account}${room}${id}`;
  if (!prefix.test(identity)) {
    throw new Error(`account, room and id of a review have 12 characters each: ${JSON.stringify(identity)}`);
  }
  return identity + JSON.stringify(body satisfies Body);
}

/**
 * Reads an entry of the review stream; undefined when it isn't one. What it returns is whole: nothing that is made of it
 * later can fail for its form.
 */
export function decodeReview(text: string, entryId: string): WaitingReview | undefined {
  if (!prefix.test(text.slice(0, bodyAt))) return undefined;
  const body = parseBody(text.slice(bodyAt));
  if (body === undefined) return undefined;
  return {
    ...body,
    account: text.slice(1, 13),
    room: text.slice(13, 25),
    id: text.slice(25, bodyAt),
    entryId,
    submittedMs: parsePosition(entryId).ms,
  };
}

type Unchecked<T> = { readonly [K in keyof T]?: unknown };

function parseBody(text: string): Body | undefined {
  let body: Unchecked<Body>;
  try {
    body = (JSON.parse(text) ?? {}) as Unchecked<Body>;
  } catch {
    return undefined;
  }
  const sender = (body.sender ?? {}) as Unchecked<Review['sender']>;
  const handler = (body.handler ?? {}) as Unchecked<Review['handler']>;
  const replyTo = (body.replyTo ?? {}) as Unchecked<ReplyAddress>;
  const isWhole =
    [body.requestId ?? '', body.content, sender.userId, sender.ip, handler.uri, replyTo.gateway].every(
      isText,
    ) &&
    [body.attributes, sender.attributes].every(isAttributes) &&
    [body.maximumMessageLength, replyTo.session].every(Number.isSafeInteger) &&
    (handler.fallbackResult === 'ALLOW' || handler.fallbackResult === 'DENY') &&
    isLogTargets(body.logs ?? []);
  // Entries of versions before logging have no logs.
  return isWhole ? { ...(body as Body), logs: (body as Partial<Body>).logs ?? [] } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
