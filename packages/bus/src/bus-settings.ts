import { redisSettings } from '@roomstream/runtime/redis';
import { integer } from '@roomstream/runtime/setting-kinds';
import type { SettingsTable } from '@roomstream/runtime/settings';

/** Records of one logging configuration that may wait on one shard, unless set otherwise. */
export const defaultLogBacklogRecords = 100_000;

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
  logBacklogRecords: integer(
    {
      env: 'ROOMSTREAM_LOG_BACKLOG_RECORDS',
      fallback: `${defaultLogBacklogRecords}`,
      about:
        'Records of one logging configuration that may wait on one shard while they can’t be written. Beyond it the configuration’s `whenFull` decides. The same in every process that publishes.',
    },
    1,
    100_000_000,
  ),
} satisfies SettingsTable;
