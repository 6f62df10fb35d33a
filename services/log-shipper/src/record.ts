import type { LogEntry } from '@roomstream/bus/log-group';
import { type FrameType, sendTimeOf, typeOf } from '@roomstream/protocol/read-frame';
import type { LogRecord } from './log-destination.ts';

const before: Readonly<Record<FrameType, string>> = {
  MESSAGE: '","type":"MESSAGE","version":"1.0","payload":',
  EVENT: '","type":"EVENT","version":"1.0","payload":',
};
const start = '{"event_timestamp":"';
const end = '}'.charCodeAt(0);

/**
 * The record of a logged frame, in the guide's form ("Chat Logging", Message Content). The frame's bytes are pasted in
 * unparsed, so that the payload is to the byte what clients got. Undefined when the entry isn't a frame.
 */
export function toRecord({ entryId, ms, body }: LogEntry): LogRecord | undefined {
  const type = typeOf(body);
  const sendTime = sendTimeOf(body);
  if (type === undefined || sendTime === undefined) return undefined;
  const head = start + sendTime + before[type];
  // A buffer of its own: the entry's is a part of a whole reply of Redis, which it would keep alive.
  const line = Buffer.allocUnsafe(head.length + body.length + 1);
  line.write(head, 'latin1');
  body.copy(line, head.length);
  line[line.length - 1] = end;
  return { entryId, ms, sendTime, line };
}
