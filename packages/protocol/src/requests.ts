import { type Attributes, attributesBytes, isAttributes, noAttributes } from './attributes.ts';
import { capabilities } from './capabilities.ts';
import { errorCode, type Refusal } from './errors.ts';
import { isId } from './ids.ts';
import { codePoints, limits } from './limits.ts';

/** SEND_MESSAGE: says something to the room. */
export type SendMessage = {
  readonly action: 'SEND_MESSAGE';
  readonly content: string;
  readonly attributes: Attributes;
  readonly requestId: string | undefined;
};

/** DELETE_MESSAGE: asks the other clients to remove a message. */
export type DeleteMessage = {
  readonly action: 'DELETE_MESSAGE';
  readonly id: string;
  readonly reason: string | undefined;
  readonly requestId: string | undefined;
};

/** DISCONNECT_USER: closes every connection of a user in the room. */
export type DisconnectUser = {
  readonly action: 'DISCONNECT_USER';
  readonly userId: string;
  readonly reason: string | undefined;
  readonly requestId: string | undefined;
};

/** What a client may send: the three actions of the messaging API. */
export type Request = SendMessage | DeleteMessage | DisconnectUser;

/** The outcome of reading a frame. */
export type Decoded =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads one text frame. Everything that doesn't depend on the room or the session is checked here: form, types and
 * sizes. An optional field that is null counts as absent, as clients generated from typed languages send it.
 */
export function decodeRequest(text: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused(errorCode.badRequest, 'The frame is not valid JSON', undefined);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused(errorCode.badRequest, 'The frame must be a JSON object', undefined);
  }
  const fields = value as Fields;
  const requestId = fields['RequestId'] ?? undefined;
  if (requestId !== undefined) {
    if (typeof requestId !== 'string')
      return refused(errorCode.badRequest, 'RequestId must be a string', undefined);
    const length = codePoints(requestId);
    // Not echoed: a RequestId that is too large to accept is too large to send back.
    if (length > limits.requestIdLength)
      return tooLong('RequestId', length, limits.requestIdLength, undefined);
  }
  switch (fields['Action']) {
    case 'SEND_MESSAGE':
      return decodeSend(fields, requestId);
    case 'DELETE_MESSAGE':
      return decodeDelete(fields, requestId);
    case 'DISCONNECT_USER':
      return decodeDisconnect(fields, requestId);
    default:
      return refused(errorCode.badRequest, `Action must be one of ${capabilities.join(', ')}`, requestId);
  }
}

function decodeSend(fields: Fields, requestId: string | undefined): Decoded {
  const content = fields['Content'];
  if (typeof content !== 'string')
    return refused(errorCode.badRequest, 'Content must be a string', requestId);
  if (content.length === 0) return refused(errorCode.badRequest, 'Content must not be empty', requestId);
  const attributes = fields['Attributes'] ?? noAttributes;
  if (!isAttributes(attributes)) {
    return refused(errorCode.badRequest, 'Attributes must be an object of strings', requestId);
  }
  const bytes = attributesBytes(attributes);
  if (bytes > limits.attributesBytes) {
    return refused(
      errorCode.payloadTooLarge,
      `Attributes has ${bytes} bytes of keys and values, the limit is ${limits.attributesBytes}`,
      requestId,
    );
  }
  return { kind: 'request', request: { action: 'SEND_MESSAGE', content, attributes, requestId } };
}

function decodeDelete(fields: Fields, requestId: string | undefined): Decoded {
  const id = fields['Id'];
  if (typeof id !== 'string' || !isId(id)) {
    return refused(errorCode.badRequest, 'Id must be the 12 characters of a message id', requestId);
  }
  const reason = decodeReason(fields, requestId);
  if (typeof reason === 'object') return reason;
  return { kind: 'request', request: { action: 'DELETE_MESSAGE', id, reason, requestId } };
}

function decodeDisconnect(fields: Fields, requestId: string | undefined): Decoded {
  const userId = fields['UserId'];
  if (typeof userId !== 'string' || userId.length === 0) {
    return refused(errorCode.badRequest, 'UserId must be a string of at least 1 character', requestId);
  }
  const length = codePoints(userId);
  if (length > limits.userIdLength) return tooLong('UserId', length, limits.userIdLength, requestId);
  const reason = decodeReason(fields, requestId);
  if (typeof reason === 'object') return reason;
  return { kind: 'request', request: { action: 'DISCONNECT_USER', userId, reason, requestId } };
}

function decodeReason(fields: Fields, requestId: string | undefined): string | undefined | Decoded {
  const reason = fields['Reason'] ?? undefined;
  if (reason === undefined) return undefined;
  if (typeof reason !== 'string') return refused(errorCode.badRequest, 'Reason must be a string', requestId);
  const length = codePoints(reason);
  return length > limits.reasonLength ? tooLong('Reason', length, limits.reasonLength, requestId) : reason;
}

function tooLong(field: string, length: number, limit: number, requestId: string | undefined): Decoded {
  return refused(
    errorCode.payloadTooLarge,
    `${field} has ${length} characters, the limit is ${limit}`,
    requestId,
  );
}

function refused(code: Refusal['code'], message: string, requestId: string | undefined): Decoded {
  return { kind: 'refused', refusal: { code, message, requestId } };
}
