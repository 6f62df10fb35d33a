import { noAttributes } from '@roomstream/protocol/attributes';
import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { publishEvent } from './publish-event.ts';

/** Sends an event of the application's own to everyone in the room. */
export async function sendEvent(call: Call, input: Input<'SendEvent'>): Promise<Output<'SendEvent'>> {
  const room = await openRoom(call, input.roomIdentifier);
  const { eventName, attributes = noAttributes } = input;
  return { id: await publishEvent(call, room, { eventName, attributes }) };
}
