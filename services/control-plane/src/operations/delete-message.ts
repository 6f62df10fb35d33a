import { deleteMessageAttributes, eventName } from '@roomstream/protocol/events';
import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { publishModeration } from './publish-event.ts';

/** Asks every client in the room to remove a message. */
export async function deleteMessage(
  call: Call,
  input: Input<'DeleteMessage'>,
): Promise<Output<'DeleteMessage'>> {
  const room = await openRoom(call, input.roomIdentifier);
  const attributes = deleteMessageAttributes(input.id, input.reason);
  return { id: await publishModeration(call, room, { eventName: eventName.deleteMessage, attributes }) };
}
