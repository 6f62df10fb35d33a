import type { LogRecord } from '../log-destination.ts';

/** How many of the records up to the one with entry id `through` are such as `is` tells. */
export function countUpTo(
  records: readonly LogRecord[],
  through: string,
  is: (record: LogRecord) => boolean,
): number {
  let count = 0;
  for (const record of records) {
    if (is(record)) count++;
    if (record.entryId === through) break;
  }
  return count;
}
