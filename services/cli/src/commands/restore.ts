import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openRecordsConnection } from '@roomstream/store/records-connection';
import { recordsAccess } from '@roomstream/store/records-settings';
import { BadBackup, restoreRecords } from '@roomstream/store/restore-records';
import { bringUpToDate, NewerRecords } from '@roomstream/store/schema';
import { StoreUnavailable } from '@roomstream/store/store-unavailable';
import { Registry } from 'prom-client';
import { type Command, Failure, type Status, UsageError } from '../command.ts';
import { readOptions } from '../options.ts';
import { readDeployment, silent } from '../redis-access.ts';

const usage = `Puts the records of a backup into Redis.

  roomstream restore <file>

The whole file is read and checked before anything is written. Records that are there already and differ are left alone and named.
It may be repeated, and services may run meanwhile. Records of an older version are brought up to date.
Redis is found by REDIS_URL or ROOMSTREAM_RECORDS_REDIS_URL.
Exit status: 1 when the backup can't be used, or some records were left alone.
`;

/** Restores a backup. */
export const restore: Command = {
  usage,
  run: async (words, surface): Promise<Status> => {
    const { positionals } = readOptions(words, {}, 1);
    const [file] = positionals;
    if (file === undefined) throw new UsageError('Say which file.');
    if (!existsSync(file)) throw new Failure(`${file} isn't there.`);
    const records = openRecordsConnection(recordsAccess(readDeployment(surface)), silent, new Registry());
    try {
      await records.ready();
      await bringUpToDate(records, silent);
      const lines = () =>
        createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
      const { rooms, loggingConfigurations, different, detached } = await restoreRecords(
        records,
        lines,
        silent,
      );
      for (const name of detached)
        surface.note(`Room ${name} is without a logging configuration that was deleted during the backup.`);
      for (const name of different) surface.note(`Left alone, for it differs: ${name}.`);
      surface.note(`Restored ${rooms} rooms and ${loggingConfigurations} logging configurations.`);
      return different.length === 0 ? 0 : 1;
    } catch (error) {
      if (error instanceof BadBackup)
        throw new Failure(`${file} can't be restored. ${error.message} Nothing was written.`);
      if (error instanceof NewerRecords) throw new Failure(`${error.message}.`);
      if (error instanceof StoreUnavailable)
        throw new Failure(
          `${error.message}; run it again once Redis is back. \`roomstream doctor\` says more.`,
        );
      throw error;
    } finally {
      await records.close();
    }
  },
};
