import { loggingConfigurationTraits } from '../logging-configurations.ts';
import type { Migration } from '../migration.ts';
import { putRecord } from '../put-record.ts';
import type { RecordTraits } from '../record-table.ts';
import { decodeRecord, type Fields } from '../record-text.ts';
import type { RecordsConnection } from '../records-connection.ts';
import { roomTraits } from '../rooms.ts';
import { scanRecords } from '../scan-records.ts';

/**
 * Version 1: every record stands in the set of accounts and in every index that listings, quotas and the removal of unused
 * rooms walk. Records without a version may be older than an index.
 */
export const indexRecords: Migration = {
  what: 'every record is in every index',
  run: async (connection, log) => {
    const configurations = await indexAll(connection, loggingConfigurationTraits);
    const rooms = await indexAll(connection, roomTraits);
    log.info({ rooms, configurations }, 'indexed the records');
  },
};

async function indexAll<T extends Fields>(
  connection: RecordsConnection,
  traits: RecordTraits<T>,
): Promise<number> {
  let count = 0;
  for await (const { key, record, text } of scanRecords(connection, traits)) {
    await indexOne(connection, traits, key, record, text);
    count++;
  }
  return count;
}

/** Until it has not been changed meanwhile, or is gone. */
async function indexOne<T extends Fields>(
  connection: RecordsConnection,
  traits: RecordTraits<T>,
  key: string,
  { account, id }: T,
  found: string,
): Promise<void> {
  for (let text: string | null = found; text !== null; ) {
    const { record } = decodeRecord(account, id, text, traits.absent);
    const change = { expected: text, text, usedMs: record.updateTimeMs };
    if (await putRecord(connection, traits, account, id, change)) return;
    text = await connection.retry('read a record', () => connection.client.get(key));
  }
}
