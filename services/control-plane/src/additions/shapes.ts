import type { Shape } from '../model/shape.ts';

/** Shapes of the operations in `operations.ts` here; they may refer to those of the service model. */
export const additionShapes = {
  EventsSwitch: { type: 'string', enum: ['on', 'off'] },
  /** The setting `ROOMSTREAM_HISTORY_MOST_MESSAGES` may be lower. */
  MaxMessageResults: { type: 'integer', min: 1, max: 100 },
  /** Longer than the model's: it says which older messages are deleted. */
  MessagePageToken: { type: 'string', min: 0, max: 4096 },
  ListMessagesRequest: {
    type: 'structure',
    required: ['roomId'],
    members: {
      roomId: 'RoomID',
      maxResults: 'MaxMessageResults',
      nextToken: 'MessagePageToken',
      events: 'EventsSwitch',
    },
  },
} as const satisfies Readonly<Record<string, Shape>>;
