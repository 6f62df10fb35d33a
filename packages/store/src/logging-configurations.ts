import { membersKey, roomsByLoggingConfigurationKey } from './keys.ts';
import { RecordTable, type RecordTraits } from './record-table.ts';
import { type ListPosition, walkRecords } from './record-walk.ts';
import type { LoggingConfiguration } from './records.ts';
import type { RecordsConnection } from './records-connection.ts';

/** The outcome of creating a logging configuration. */
export type LoggingConfigurationCreated =
  | { readonly kind: 'created'; readonly loggingConfiguration: LoggingConfiguration }
  | { readonly kind: 'quota-exceeded' };

/** The outcome of updating a logging configuration. */
export type LoggingConfigurationUpdated =
  | { readonly kind: 'updated'; readonly loggingConfiguration: LoggingConfiguration }
  | { readonly kind: 'not-found' };

/** The outcome of deleting a logging configuration; `attached`: a room has it, nothing was done. */
export type LoggingConfigurationDeleted = 'deleted' | 'not-found' | 'attached';

/** One page of logging configurations; without `next` there is no more. */
export type LoggingConfigurationPage = {
  readonly loggingConfigurations: readonly LoggingConfiguration[];
  readonly next: ListPosition | undefined;
};

/**
 * The logging configurations of all accounts. Every method retries a short outage of Redis, then rejects with
 * StoreUnavailable.
 */
export type LoggingConfigurations = {
  /** Creates one if the account has fewer than `most`; `draft.id` is a new id. */
  create(
    draft: Omit<LoggingConfiguration, 'createTimeMs' | 'updateTimeMs'>,
    most: number,
  ): Promise<LoggingConfigurationCreated>;
  get(account: string, id: string): Promise<LoggingConfiguration | undefined>;
  /**
   * As `get`, and for an hour after its deletion the deleted one: records that were logged by then still go where they
   * were to go. Ids are never used again.
   */
  forShipping(account: string, id: string): Promise<LoggingConfiguration | undefined>;
  /** As Rooms.update. */
  update(
    account: string,
    id: string,
    change: (loggingConfiguration: LoggingConfiguration) => LoggingConfiguration,
    options?: { readonly keepUpdateTime?: boolean },
  ): Promise<LoggingConfigurationUpdated>;
  /** Deletes one that no room has. */
  delete(account: string, id: string): Promise<LoggingConfigurationDeleted>;
  /** Lists them, newest update first. */
  list(account: string, limit: number, after?: ListPosition): Promise<LoggingConfigurationPage>;
};

/** Long enough for a backlog to be shipped. */
const keptDeletedMs = 3_600_000;

/** What a logging configuration is among the records. */
export const loggingConfigurationTraits: RecordTraits<LoggingConfiguration> = {
  kind: 'logging-configuration',
  absent: {},
  indices: () => [],
  needs: () => [],
  blockers: (account, id) => [roomsByLoggingConfigurationKey(account, id)],
  keptDeletedMs,
};

/** Opens the logging configurations on a connection. */
export function openLoggingConfigurations(connection: RecordsConnection): LoggingConfigurations {
  const table = new RecordTable(connection, loggingConfigurationTraits);
  return {
    create: async (draft, most) => {
      const written = await table.create(draft, most);
      return written.kind === 'written'
        ? { kind: 'created', loggingConfiguration: written.record }
        : { kind: 'quota-exceeded' };
    },
    get: (account, id) => table.get(account, id),
    forShipping: (account, id) => table.getLatest(account, id),
    update: async (account, id, change, options) => {
      const written = await table.update(account, id, change, options?.keepUpdateTime ?? false);
      return written.kind === 'written'
        ? { kind: 'updated', loggingConfiguration: written.record }
        : { kind: 'not-found' };
    },
    delete: async (account, id) => {
      const outcome = await table.delete(account, id);
      if (outcome === 'used') throw new Error('delete-record answered used without a time');
      return outcome;
    },
    list: async (account, limit, after) => {
      const index = membersKey(account, 'logging-configuration');
      const walk = { index, matches: () => true, isSparse: false };
      const page = await walkRecords(connection, table, account, walk, limit, after);
      return { loggingConfigurations: page.records, next: page.next };
    },
  };
}
