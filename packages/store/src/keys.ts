/** Every Redis key of this package. All keys of an account share one hash tag, so that one script may change them. */

/** Kinds of records, as their keys spell them. */
export type RecordKind = 'room' | 'logging-configuration';

/** The set of accounts that have ever had a record: what sweeps walk over. In a slot of its own. */
export const accountsKey = 'store:{accounts}:all';

/** The version of the layout that these keys have, and the lock of whoever brings them to it (schema.ts). In a slot of their own. */
export const schemaVersionKey = 'store:{schema}:version';
export const schemaLockKey = 'store:{schema}:lock';

/** A record: `<version> <score> <createTimeMs> <JSON>`. */
export function recordKey(account: string, kind: RecordKind, id: string): string {
  return key(account, `${kind}:${id}`);
}

/** A record that was deleted, as it was last, for as long as it is kept. */
export function deletedKey(account: string, kind: RecordKind, id: string): string {
  return key(account, `deleted:${kind}:${id}`);
}

/** Matches the keys of all records of a kind, of all accounts, and maybe others: `recordOfKey` tells. */
export function recordPattern(kind: RecordKind): string {
  return `store:{*}:${kind}:*`;
}

/** Whose record a key is of; undefined for every other key. */
export function recordOfKey(
  key: string,
  kind: RecordKind,
): { readonly account: string; readonly id: string } | undefined {
  const [, account, id] = new RegExp(`^store:\\{([0-9]{12})\\}:${kind}:([^:]+)$`).exec(key) ?? [];
  return account === undefined || id === undefined ? undefined : { account, id };
}

/** The outcome of one write, kept for a minute so that a repeated try learns what the first one did. */
export function outcomeKey(account: string, writeId: string): string {
  return key(account, `outcome:${writeId}`);
}

/** The last score given to a record of the account: scores are unique and only grow. */
export function scoreKey(account: string): string {
  return key(account, 'score');
}

/** Sorted set of all ids of a kind by score. */
export function membersKey(account: string, kind: RecordKind): string {
  return key(account, `${kind}s`);
}

/** Sorted set of all ids of a kind by the time of the last write or use, in milliseconds. */
export function activityKey(account: string, kind: RecordKind): string {
  return key(account, `${kind}s:activity`);
}

/** Sorted set by score of the rooms that have this name. */
export function roomsByNameKey(account: string, name: string): string {
  return key(account, `rooms:name:${name}`);
}

/** Sorted set by score of the rooms that have this message review handler. */
export function roomsByHandlerKey(account: string, uri: string): string {
  return key(account, `rooms:handler:${uri}`);
}

/** Sorted set by score of the rooms that this logging configuration is attached to. */
export function roomsByLoggingConfigurationKey(account: string, id: string): string {
  return key(account, `rooms:logging-configuration:${id}`);
}

/** List of the times, in microseconds, at which the last second's permits of a rate were granted. */
export function rateKey(account: string, rate: string): string {
  return key(account, `rate:${rate}`);
}

/** Hash of the connection slots that each gateway holds. */
export function slotsKey(account: string): string {
  return key(account, 'slots');
}

function key(account: string, what: string): string {
  return `store:{${account}}:${what}`;
}
