import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { renderRoom } from './render-room.ts';

/** Shows a room. */
export async function getRoom(call: Call, input: Input<'GetRoom'>): Promise<Output<'GetRoom'>> {
  return renderRoom(call, await openRoom(call, input.identifier));
}
