import type { Attributes } from './attributes.ts';

/**
 * Who sends: the `Sender` member of a MESSAGE frame as JSON text, made once for a session and pasted into each of its
 * messages.
 */
export type EncodedSender = string & { readonly encodedSender: unique symbol };

/** Renders the `Sender` member of MESSAGE frames. */
export function encodeSender(userId: string, attributes: Attributes): EncodedSender {
  return JSON.stringify({ UserId: userId, Attributes: attributes }) as EncodedSender;
}

/** A MESSAGE as it goes to the room (messaging reference, "Message (Subscribe)"). */
export type Message = {
  readonly id: string;
  readonly requestId: string | undefined;
  readonly attributes: Attributes;
  readonly content: string;
  /** Milliseconds since the epoch, by the clock of Redis. */
  readonly sendTimeMs: number;
  readonly sender: EncodedSender;
};

/** Renders a MESSAGE frame. Its bytes are forwarded unparsed to every connection of the room. */
export function encodeMessage(message: Message): string {
  return `{"Type":"MESSAGE","Id":"${message.id}"${encodeRequestId(message.requestId)},"Attributes":${JSON.stringify(message.attributes)},"Content":${JSON.stringify(message.content)},"SendTime":"${encodeTime(message.sendTimeMs)}","Sender":${message.sender}}`;
}

/** An EVENT as it goes to the room (messaging reference, "Event (Subscribe)"). */
export type Event = {
  readonly id: string;
  readonly requestId: string | undefined;
  readonly eventName: string;
  readonly attributes: Attributes;
  /** Milliseconds since the epoch, by the clock of Redis. */
  readonly sendTimeMs: number;
};

/** Renders an EVENT frame. */
export function encodeEvent(event: Event): string {
  return `{"Type":"EVENT","Id":"${event.id}"${encodeRequestId(event.requestId)},"EventName":${JSON.stringify(event.eventName)},"Attributes":${JSON.stringify(event.attributes)},"SendTime":"${encodeTime(event.sendTimeMs)}"}`;
}

/** A timestamp as every surface shows it: ISO 8601 with milliseconds, UTC. */
export function encodeTime(ms: number): string {
  return new Date(ms).toISOString();
}

function encodeRequestId(requestId: string | undefined): string {
  return requestId === undefined ? '' : `,"RequestId":${JSON.stringify(requestId)}`;
}
