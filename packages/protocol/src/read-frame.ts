import type { Attributes } from './attributes.ts';
import { eventName } from './events.ts';

/** What a frame of a room is, as its `Type` says. */
export type FrameType = 'MESSAGE' | 'EVENT';

const messageStart = Buffer.from('{"Type":"MESSAGE",');
const eventStart = Buffer.from('{"Type":"EVENT",');

/** The `Type` of a frame that encodeMessage or encodeEvent has made; undefined of anything else. */
export function typeOf(frame: Buffer): FrameType | undefined {
  if (startsWith(frame, messageStart)) return 'MESSAGE';
  if (startsWith(frame, eventStart)) return 'EVENT';
  return undefined;
}

/**
 * The `SendTime` of a frame that encodeMessage or encodeEvent has made, cut out of its bytes without parsing them;
 * undefined of anything else. Whatever texts a client has put into the frame, they are never taken for it.
 */
export function sendTimeOf(frame: Buffer): string | undefined {
  switch (typeOf(frame)) {
    case 'MESSAGE':
      return timeBefore(frame, frame.indexOf(senderKey));
    case 'EVENT':
      // It is the last member.
      return startsWith(frame, eventEnd, frame.length - eventEnd.length)
        ? timeBefore(frame, frame.length - eventEnd.length + 1)
        : undefined;
    default:
      return undefined;
  }
}

const deletion = Buffer.from(`"EventName":${JSON.stringify(eventName.deleteMessage)}`);

/**
 * The id of the message that a frame asks clients to remove, when it is `aws:DELETE_MESSAGE` as encodeEvent has made it;
 * undefined of anything else.
 */
export function deletedMessageIdOf(frame: Buffer): string | undefined {
  // Other events needn't be parsed.
  if (typeOf(frame) !== 'EVENT' || !frame.includes(deletion)) return undefined;
  const { EventName: name, Attributes: attributes } = JSON.parse(frame.toString()) as {
    readonly EventName: string;
    readonly Attributes: Attributes;
  };
  return name === eventName.deleteMessage ? attributes['MessageId'] : undefined;
}

// Within a JSON string every quote has a backslash before it, so these bytes are the key of an object; and the objects in
// a frame that clients name keys of are attributes, which have texts only. So it is the frame's own Sender.
const senderKey = Buffer.from(',"Sender":{');
const timeKey = Buffer.from(',"SendTime":"');
const eventEnd = Buffer.from('"}');

const timeLength = '2026-01-02T03:04:05.006Z'.length;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The time whose closing quote stands right before `end`. */
function timeBefore(frame: Buffer, end: number): string | undefined {
  const start = end - 1 - timeLength;
  if (start < timeKey.length || !startsWith(frame, timeKey, start - timeKey.length)) return undefined;
  const time = frame.toString('latin1', start, start + timeLength);
  return timePattern.test(time) && frame[end - 1] === quote ? time : undefined;
}

const quote = '"'.charCodeAt(0);

function startsWith(frame: Buffer, bytes: Buffer, from = 0): boolean {
  const end = from + bytes.length;
  return from >= 0 && end <= frame.length && bytes.compare(frame, from, end) === 0;
}
