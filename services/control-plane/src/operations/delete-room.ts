import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import { resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';

/** Deletes a room. Its connections stay until their sessions end (guide: FAQ), but nothing can be sent any more. */
export async function deleteRoom(call: Call, input: Input<'DeleteRoom'>): Promise<Output<'DeleteRoom'>> {
  const { account, id } = await openRoom(call, input.identifier);
  if (!(await call.services.store.rooms.delete(account, id))) throw resourceNotFound('ROOM', id);
  await call.services.announcer.announce({ account, id });
  return undefined;
}
