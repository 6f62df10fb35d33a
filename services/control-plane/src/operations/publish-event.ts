import type { Entry } from '@roomstream/bus/entry';
import type { Attributes } from '@roomstream/protocol/attributes';
import { encodeEvent } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { logTargets, moderationLogTargets, type RoomLogTarget } from '@roomstream/store/log-targets';
import type { Room } from '@roomstream/store/records';
import type { Call } from '../call.ts';
import { internalError, logFull } from '../errors.ts';

/** An event of a room, and what shall follow it in the same order. */
export type RoomEvent = {
  readonly eventName: string;
  readonly attributes: Attributes;
  readonly following?: readonly Entry[];
};

/**
 * Sends an event of the application's own to everyone in a room and to the room's logs; returns its id. Throws
 * ThrottlingException when a log refused it: nothing was sent; InternalServerException when Redis didn't confirm it: it may
 * still arrive.
 */
export function publishEvent(call: Call, room: Room, event: RoomEvent): Promise<string> {
  return publish(call, room, event, logTargets(call.services.quotas.of(room.account), room));
}

/** As `publishEvent`, for what a moderator does: no log refuses it. */
export function publishModeration(call: Call, room: Room, event: RoomEvent): Promise<string> {
  return publish(call, room, event, moderationLogTargets(call.services.quotas.of(room.account), room));
}

async function publish(
  call: Call,
  room: Room,
  { eventName, attributes, following = [] }: RoomEvent,
  logs: readonly RoomLogTarget[],
): Promise<string> {
  const { bus, logRefusals, logBacklogRecords } = call.services;
  const { account } = room;
  const id = newId();
  const sendTimeMs = bus.clock.nowMs();
  const body = encodeEvent({ id, requestId: undefined, eventName, attributes, sendTimeMs });
  const frame: Entry = { kind: 'frame', account, room: room.id, id, body };
  const published = await bus.publish([frame, ...following], undefined, logs);
  if (published.kind === 'published') return id;
  if (published.kind !== 'log-full') throw internalError();
  const { configuration } = published;
  logRefusals.add(account, configuration);
  throw logFull(room.id, configuration, logBacklogRecords);
}
