import { accountsKey, activityKey, membersKey, recordKey, scoreKey } from './keys.ts';
import type { RecordTraits } from './record-table.ts';
import { decodeRecord, type Fields } from './record-text.ts';
import type { RecordsConnection } from './records-connection.ts';

/** A record's text as it is to be, and as it must be now: '' when there must be none. */
export type TextChange = { readonly expected: string; readonly text: string; readonly usedMs: number };

/**
 * Puts a record with its account and its indices; false, and nothing is done, when it isn't as expected. For restores and
 * migrations: it enters indices and leaves none. May run twice. Rejects with StoreUnavailable.
 */
export async function putRecord<T extends Fields>(
  connection: RecordsConnection,
  traits: RecordTraits<T>,
  account: string,
  id: string,
  { expected, text, usedMs }: TextChange,
): Promise<boolean> {
  const { client, scripts, retry } = connection;
  const { kind, absent, indices } = traits;
  const { record } = decodeRecord(account, id, text, absent);
  await retry('note account', () => client.sadd(accountsKey, account));
  const keys = [
    recordKey(account, kind, id),
    scoreKey(account),
    membersKey(account, kind),
    activityKey(account, kind),
    ...indices(record),
  ];
  // A second try finds what a first one, whose reply was lost, has put.
  const attempt = () => scripts.putRecord(keys, [id, expected, text, usedMs]);
  return (await retry(`put ${kind}`, attempt)) === 'put';
}
