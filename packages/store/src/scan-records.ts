import { recordOfKey, recordPattern } from './keys.ts';
import type { RecordTraits } from './record-table.ts';
import { decodeRecord, type Fields, type Stored } from './record-text.ts';
import type { RecordsConnection } from './records-connection.ts';
import { scanKeys } from './scan-keys.ts';

/** A record and its text. */
export type ScannedRecord<T> = Stored<T> & { readonly key: string; readonly text: string };

/**
 * The records of a kind of all accounts, found without any index: those that are there from the beginning to the end,
 * and some of those that aren't. Some may come twice. Rejects with StoreUnavailable.
 */
export async function* scanRecords<T extends Fields>(
  connection: RecordsConnection,
  traits: RecordTraits<T>,
): AsyncGenerator<ScannedRecord<T>> {
  const { client, retry } = connection;
  const { kind, absent } = traits;
  for await (const keys of scanKeys(connection, recordPattern(kind))) {
    for (const key of keys) {
      const named = recordOfKey(key, kind);
      if (named === undefined) continue;
      const text = await retry(`read ${kind}`, () => client.get(key));
      // Deleted meanwhile.
      if (text === null) continue;
      yield { key, text, ...decodeRecord(named.account, named.id, text, absent) };
    }
  }
}
