import { redisSettings } from '@roomstream/runtime/redis';
import { integer } from '@roomstream/runtime/setting-kinds';
import type { SettingsTable } from '@roomstream/runtime/settings';

/** Settings of the bus: where Redis is and over how many shards rooms spread. */
export const busSettings = {
  ...redisSettings,
  shards: integer(
    {
      env: 'ROOMSTREAM_SHARDS',
      fallback: '128',
      about:
        'Streams over which rooms spread, more than there will ever be Redis masters. Fixed at the first start: a process with another number refuses to start.',
    },
    1,
    1024,
  ),
} satisfies SettingsTable;
