import type { Attributes } from '@roomstream/protocol/attributes';
import { bodyAt } from './entry.ts';
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
};

/** A message that waits for review. */
export type WaitingReview = Review & {
  /** Its id in the review stream. */
  readonly entryId: string;
  /** When it was submitted, milliseconds of Redis time. */
  readonly submittedMs: number;
};

// <kind 1><account 12><room 12><id 12><JSON>: the prefix of entry.ts, so that scripts find ids at the same place.
const letter = 'V';

type Body = Omit<Review, 'account' | 'room' | 'id'>;

/** Renders a message for the review stream. Throws on an account, room or id of another width: that is a bug. */
export function encodeReview({ account, room, id, ...body }: Review): string {
  const prefix = `${letter}${account}${room}${id}`;
  if (prefix.length !== bodyAt || room.length !== 12 || id.length !== 12) {
    throw new Error(`account, room and id of a review have 12 characters each: ${JSON.stringify(prefix)}`);
  }
  return prefix + JSON.stringify(body satisfies Body);
}

/** Reads an entry of the review stream; undefined when another version wrote it in another form. */
export function decodeReview(text: string, entryId: string): WaitingReview | undefined {
  if (text[0] !== letter || text.length < bodyAt) return undefined;
  let body: Partial<Body>;
  try {
    body = JSON.parse(text.slice(bodyAt)) as Partial<Body>;
  } catch {
    return undefined;
  }
  const { requestId, content, attributes, sender, handler, maximumMessageLength, replyTo } = body;
  if (
    content === undefined ||
    attributes === undefined ||
    sender === undefined ||
    handler === undefined ||
    maximumMessageLength === undefined ||
    replyTo === undefined
  )
    return undefined;
  return {
    account: text.slice(1, 13),
    room: text.slice(13, 25),
    id: text.slice(25, bodyAt),
    requestId,
    content,
    attributes,
    sender,
    handler,
    maximumMessageLength,
    replyTo,
    entryId,
    submittedMs: parsePosition(entryId).ms,
  };
}
