import type { RecordTable } from './record-table.ts';
import type { Fields } from './record-text.ts';
import type { RecordsConnection } from './records-connection.ts';

/** Where a listing goes on: after the record that had this score. Scores are unique and only grow. */
export type ListPosition = { readonly score: number };

/** One page of a listing; without `next` there is no more. A page may be shorter than asked for and still have one. */
export type Page<T> = { readonly records: readonly T[]; readonly next: ListPosition | undefined };

/** What is listed: the index to walk over and, where that doesn't say it all, which records count. */
export type Walk<T> = {
  readonly index: string;
  readonly matches: (record: T) => boolean;
  /** Whether `matches` may refuse records of the index (other than those changed this moment). */
  readonly isSparse: boolean;
};

/** Records looked at in one round trip when many of them may not match. */
const sparseBatch = 100;

/** Records looked at for one page at most: then the page ends early, so that no call reads a whole account. */
const mostLookedAt = 2_000;

/**
 * Lists records by descending score, which is newest update first. A record that isn't updated meanwhile keeps its
 * score, so pages neither skip nor repeat it, whatever happens to others.
 */
export async function walkRecords<T extends Fields>(
  connection: RecordsConnection,
  table: RecordTable<T>,
  account: string,
  walk: Walk<T>,
  limit: number,
  after?: ListPosition,
): Promise<Page<T>> {
  const batch = walk.isSparse ? Math.max(limit + 1, sparseBatch) : limit + 1;
  const records: T[] = [];
  let position = after?.score;
  let lookedAt = 0;
  while (lookedAt < mostLookedAt) {
    const entries = await readIndex(connection, walk.index, position, batch);
    const found = await table.getAll(
      account,
      entries.map(({ id }) => id),
    );
    for (const [i, entry] of entries.entries()) {
      const record = found[i];
      if (record !== undefined && walk.matches(record)) {
        // `position` is still that of the last record looked at: going on after it starts with this one.
        if (records.length === limit) return { records, next: { score: position as number } };
        records.push(record);
      }
      position = entry.score;
    }
    if (entries.length < batch) return { records, next: undefined };
    lookedAt += entries.length;
  }
  return { records, next: position === undefined ? undefined : { score: position } };
}

/** Reads ids and scores below `position`, highest first. */
async function readIndex(
  connection: RecordsConnection,
  index: string,
  position: number | undefined,
  count: number,
): Promise<readonly { id: string; score: number }[]> {
  const from = position === undefined ? '+inf' : `(${position}`;
  const flat = await connection.retry('read index', () =>
    connection.client.zrevrangebyscore(index, from, '-inf', 'WITHSCORES', 'LIMIT', 0, count),
  );
  const entries: { id: string; score: number }[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    entries.push({ id: flat[i] as string, score: Number(flat[i + 1]) });
  }
  return entries;
}
