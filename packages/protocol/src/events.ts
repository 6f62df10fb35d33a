import type { Attributes } from './attributes.ts';

/** Names of the events that the service itself generates. */
export const eventName = {
  deleteMessage: 'aws:DELETE_MESSAGE',
  disconnectUser: 'aws:DISCONNECT_USER',
} as const;

/** Attributes of `aws:DELETE_MESSAGE`. MessageID is the deprecated spelling, which old clients read. */
export function deleteMessageAttributes(messageId: string, reason: string | undefined): Attributes {
  const ids = { MessageId: messageId, MessageID: messageId };
  return reason === undefined ? ids : { ...ids, Reason: reason };
}

/** Attributes of `aws:DISCONNECT_USER`. */
export function disconnectUserAttributes(userId: string, reason: string | undefined): Attributes {
  return reason === undefined ? { UserId: userId } : { UserId: userId, Reason: reason };
}
