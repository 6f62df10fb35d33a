import { openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import { resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';
import { attachedIds } from './attached-ids.ts';
import { renderRoom } from './render-room.ts';
import { nextReviewHandler } from './review-handler.ts';

/** Changes the fields that are present; gateways follow at once. */
export async function updateRoom(call: Call, input: Input<'UpdateRoom'>): Promise<Output<'UpdateRoom'>> {
  const { account, id } = await openRoom(call, input.identifier);
  const { store, announcer } = call.services;
  const attached = input.loggingConfigurationIdentifiers;
  const loggingConfigurationIds = attached === undefined ? undefined : attachedIds(call, attached);
  const updated = await store.rooms.update(account, id, (room) => ({
    ...room,
    name: input.name ?? room.name,
    maximumMessageRatePerSecond: input.maximumMessageRatePerSecond ?? room.maximumMessageRatePerSecond,
    maximumMessageLength: input.maximumMessageLength ?? room.maximumMessageLength,
    messageReviewHandler: nextReviewHandler(call, room.messageReviewHandler, input.messageReviewHandler),
    loggingConfigurationIds: loggingConfigurationIds ?? room.loggingConfigurationIds,
  }));
  switch (updated.kind) {
    case 'updated':
      await announcer.announce(updated.room);
      return renderRoom(call, updated.room);
    case 'not-found':
      throw resourceNotFound('ROOM', id);
    case 'logging-configuration-not-found':
      throw resourceNotFound('LOGGING_CONFIGURATION', updated.id);
    default:
      return updated satisfies never;
  }
}
