import { integer } from '@roomstream/runtime/setting-kinds';
import type { SettingsTable } from '@roomstream/runtime/settings';
import type { Room } from './records.ts';

/** The tag that lets a room's history be read, when its value is `on`. */
export const historyTag = 'roomstream:history';

/** Whether a room's history may be read: on join, and through the API. */
export function hasHistory(room: Pick<Room, 'tags'>): boolean {
  return room.tags[historyTag] === 'on';
}

/** How much of a room's history is given at once; gateways and control planes have it. */
export const historySettings = {
  historyMostMessages: integer(
    {
      env: 'ROOMSTREAM_HISTORY_MOST_MESSAGES',
      fallback: '100',
      about:
        'Frames of a room’s history that are given at once at most: on join (`?history=`) and as a page of ListMessages, which never has more than 100.',
    },
    1,
    1_000,
  ),
} satisfies SettingsTable;
