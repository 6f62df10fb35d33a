import { endLine, headLine, recordLine } from './backup-line.ts';
import { activityKey } from './keys.ts';
import { loggingConfigurationTraits } from './logging-configurations.ts';
import type { RecordTraits } from './record-table.ts';
import type { Fields } from './record-text.ts';
import type { RecordsConnection } from './records-connection.ts';
import { roomTraits } from './rooms.ts';
import { scanRecords } from './scan-records.ts';
import { readSchemaVersion } from './schema.ts';

/**
 * The rooms and logging configurations of all accounts as lines of JSON, while everything goes on: each record as it was at
 * some moment of the backup. Rejects with StoreUnavailable.
 */
export async function* backUpRecords(connection: RecordsConnection): AsyncGenerator<string> {
  yield headLine(await readSchemaVersion(connection), Date.now());
  let records = 0;
  // Rooms first: what one of them is logged to is there then, unless it is detached and deleted meanwhile.
  for await (const line of linesOf(connection, roomTraits)) {
    records++;
    yield line;
  }
  for await (const line of linesOf(connection, loggingConfigurationTraits)) {
    records++;
    yield line;
  }
  yield endLine(records);
}

async function* linesOf<T extends Fields>(
  connection: RecordsConnection,
  traits: RecordTraits<T>,
): AsyncGenerator<string> {
  const { kind } = traits;
  const seen = new Set<string>();
  for await (const { record, text } of scanRecords(connection, traits)) {
    const { account, id } = record;
    if (seen.has(id)) continue;
    seen.add(id);
    const used = await connection.retry('read the last use', () =>
      connection.client.zscore(activityKey(account, kind), id),
    );
    yield recordLine({ kind, account, id, text, usedMs: Math.floor(Number(used ?? record.updateTimeMs)) });
  }
}
