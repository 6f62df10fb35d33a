import { eventName } from '@roomstream/protocol/events';
import type { Action } from './metrics.ts';

/** Where `MESSAGE` or `EVENT` begins in every frame: `{"Type":"`. */
const typeOffset = 9;
const letterM = 'M'.charCodeAt(0);

/** Stands before an event's name for the first time; attributes, which may be called anything, come later. */
const nameKey = Buffer.from(',"EventName":"');
const deleteMessage = Buffer.from(`${eventName.deleteMessage}"`);
const disconnectUser = Buffer.from(`${eventName.disconnectUser}"`);

/** The action that a frame is counted under. Messages, the many, are told by one byte; events by their names. */
export function actionOf(frame: Buffer): Action {
  if (frame[typeOffset] === letterM) return 'SEND_MESSAGE';
  const at = frame.indexOf(nameKey) + nameKey.length;
  const isNamed = (name: Buffer) => frame.subarray(at, at + name.length).equals(name);
  if (isNamed(deleteMessage)) return 'DELETE_MESSAGE';
  return isNamed(disconnectUser) ? 'DISCONNECT_USER' : 'SEND_EVENT';
}
