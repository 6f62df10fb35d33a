import { noAttributes } from '@roomstream/protocol/attributes';
import { encodeTime } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';

/** "Default: 60 (1 hour)." */
const defaultSessionMinutes = 60;

/** Mints a token with which a user can join the room once, until its time has passed. */
export async function createChatToken(
  call: Call,
  input: Input<'CreateChatToken'>,
): Promise<Output<'CreateChatToken'>> {
  const room = await openRoom(call, input.roomIdentifier);
  const nowMs = call.services.bus.clock.nowMs();
  const sessionMs = (input.sessionDurationInMinutes ?? defaultSessionMinutes) * 60_000;
  const sessionExpiresMs = nowMs + sessionMs;
  const tokenExpiresMs = nowMs + Math.min(call.quotas.tokenLifeSeconds * 1000, sessionMs);
  const token = await call.services.tokenKeys.seal({
    id: newId(),
    account: room.account,
    room: room.id,
    userId: input.userId,
    attributes: input.attributes ?? noAttributes,
    capabilities: [...new Set(input.capabilities)],
    tokenExpiresMs,
    sessionExpiresMs,
  });
  return {
    token,
    tokenExpirationTime: encodeTime(tokenExpiresMs),
    sessionExpirationTime: encodeTime(sessionExpiresMs),
  };
}
