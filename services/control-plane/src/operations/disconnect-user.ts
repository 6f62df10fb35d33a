import type { Entry } from '@roomstream/bus/entry';
import { disconnectUserAttributes, eventName } from '@roomstream/protocol/events';
import { newId } from '@roomstream/protocol/ids';
import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { publishModeration } from './publish-event.ts';

/** Tells the room that a user is disconnected, then closes all connections of that user in it. */
export async function disconnectUser(
  call: Call,
  input: Input<'DisconnectUser'>,
): Promise<Output<'DisconnectUser'>> {
  const room = await openRoom(call, input.roomIdentifier);
  const { account, id } = room;
  // An id of its own: readers drop an entry whose id they have seen.
  const disconnect: Entry = { kind: 'disconnect', account, room: id, id: newId(), body: input.userId };
  const attributes = disconnectUserAttributes(input.userId, input.reason);
  await publishModeration(call, room, {
    eventName: eventName.disconnectUser,
    attributes,
    following: [disconnect],
  });
  return {};
}
