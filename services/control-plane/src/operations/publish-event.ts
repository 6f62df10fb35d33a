import type { Entry } from '@roomstream/bus/entry';
import type { Attributes } from '@roomstream/protocol/attributes';
import { encodeEvent } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import type { Room } from '@roomstream/store/records';
import type { Call } from '../call.ts';
import { internalError } from '../errors.ts';

/**
 * Sends an EVENT to everyone in a room, and what shall follow it in the same order; returns the event's id. Throws
 * InternalServerException when Redis didn't confirm it: it may still arrive.
 */
export async function publishEvent(
  call: Call,
  room: Room,
  eventName: string,
  attributes: Attributes,
  following: readonly Entry[] = [],
): Promise<string> {
  const { bus } = call.services;
  const id = newId();
  const sendTimeMs = bus.clock.nowMs();
  const body = encodeEvent({ id, requestId: undefined, eventName, attributes, sendTimeMs });
  const frame: Entry = { kind: 'frame', account: room.account, room: room.id, id, body };
  const published = await bus.publish([frame, ...following]);
  if (published.kind !== 'published') throw internalError();
  return id;
}
