import type { Log } from '@roomstream/runtime/log';
import type { RecordsConnection } from './records-connection.ts';

/**
 * One step from a layout of the records to the next. It may run twice, and again after a process died in the middle of it;
 * and while it runs, and after it, processes of the version before still read and write: it may add, and what nobody
 * needs any more is taken away by a later version.
 */
export type Migration = {
  /** What is true afterwards, for the log. */
  readonly what: string;
  run(connection: RecordsConnection, log: Log): Promise<void>;
};
