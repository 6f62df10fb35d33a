import { encodeTime } from '@roomstream/protocol/frames';
import type { Room } from '@roomstream/store/records';
import { arnOf } from '../access.ts';
import type { Call } from '../call.ts';
import type { Value } from '../model/shapes.ts';

/** A room as ListRooms shows it. */
export function renderRoomSummary(call: Call, room: Room): Value<'RoomSummary'> {
  return {
    arn: arnOf(call, 'room', room.id),
    id: room.id,
    name: room.name,
    createTime: encodeTime(room.createTimeMs),
    updateTime: encodeTime(room.updateTimeMs),
    messageReviewHandler: room.messageReviewHandler,
    tags: room.tags,
    loggingConfigurationIdentifiers: room.loggingConfigurationIds.map((id) =>
      arnOf(call, 'logging-configuration', id),
    ),
  };
}

/** A room as GetRoom, CreateRoom and UpdateRoom show it. */
export function renderRoom(call: Call, room: Room): Value<'GetRoomResponse'> {
  return {
    ...renderRoomSummary(call, room),
    maximumMessageRatePerSecond: room.maximumMessageRatePerSecond,
    maximumMessageLength: room.maximumMessageLength,
  };
}
