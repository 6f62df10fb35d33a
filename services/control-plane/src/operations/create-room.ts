import { newId } from '@roomstream/protocol/ids';
import { limits } from '@roomstream/protocol/limits';
import { allowOnAll } from '../access.ts';
import type { Call } from '../call.ts';
import { quotaExceeded, resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';
import { attachedIds } from './attached-ids.ts';
import { renderRoom } from './render-room.ts';
import { nextReviewHandler } from './review-handler.ts';

/** "Maximum number of messages per second that can be sent to the room (by all clients). Default: 10." */
const defaultMessageRate = 10;

/** Creates a room that clients can join. */
export async function createRoom(call: Call, input: Input<'CreateRoom'>): Promise<Output<'CreateRoom'>> {
  const tags = input.tags ?? {};
  allowOnAll(call, 'room', { tags });
  const created = await call.services.store.rooms.create(
    {
      account: call.caller.account,
      id: newId(),
      name: input.name ?? '',
      maximumMessageRatePerSecond:
        input.maximumMessageRatePerSecond ?? Math.min(defaultMessageRate, call.quotas.roomMessagesPerSecond),
      maximumMessageLength: input.maximumMessageLength ?? limits.contentLength,
      messageReviewHandler: nextReviewHandler(call, undefined, input.messageReviewHandler),
      loggingConfigurationIds: attachedIds(call, input.loggingConfigurationIdentifiers ?? []),
      tags,
    },
    call.quotas.rooms,
  );
  switch (created.kind) {
    case 'created':
      return renderRoom(call, created.room);
    case 'quota-exceeded':
      throw quotaExceeded('ROOM', call.caller.account, call.quotas.rooms);
    case 'logging-configuration-not-found':
      throw resourceNotFound('LOGGING_CONFIGURATION', created.id);
    default:
      return created satisfies never;
  }
}
