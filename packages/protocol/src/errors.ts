import { newId } from './ids.ts';

/**
 * Error codes of the messaging API ("WebSocket Errors" in the messaging reference). An ERROR never closes the
 * connection by itself, 401 aside: after it the gateway drops the connection and the client comes back with a new token.
 */
export const errorCode = {
  /** Malformed frame, unknown Action, missing field, Content empty or longer than the room allows. */
  badRequest: 400,
  /** The session has ended, or the gateway is draining: clients fetch a new token and connect again. */
  unauthorized: 401,
  /** The token lacks the capability that the action needs. */
  forbidden: 403,
  /** The room doesn't exist (any more). */
  notFound: 404,
  /** Denied by message review. */
  notAcceptable: 406,
  /** The frame, or a field in it, is too large. */
  payloadTooLarge: 413,
  /** A rate of the connection, the room or the account is used up. */
  tooManyRequests: 429,
  /** The message could not be handed to the room; it may still arrive if the answer of Redis was lost. */
  internal: 500,
} as const;

/** One of the codes in the table above. */
export type ErrorCode = (typeof errorCode)[keyof typeof errorCode];

/** A request that is refused: what the ERROR frame says. */
export type Refusal = {
  readonly code: ErrorCode;
  /** Names the field, the limit and the value's size; never the value. */
  readonly message: string;
  /** The request's RequestId, when it could be read. */
  readonly requestId?: string | undefined;
};

/** Renders an ERROR frame. `id` is the operation's generated id, or one made for the error. */
export function encodeError(refusal: Refusal, id: string = newId()): string {
  const requestId =
    refusal.requestId === undefined ? '' : `,"RequestId":${JSON.stringify(refusal.requestId)}`;
  return `{"Type":"ERROR","Id":"${id}"${requestId},"ErrorCode":${refusal.code},"ErrorMessage":${JSON.stringify(refusal.message)}}`;
}
