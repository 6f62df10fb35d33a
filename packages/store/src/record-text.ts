/** Fields that every kind of record has. */
export type Fields = {
  readonly account: string;
  readonly id: string;
  readonly createTimeMs: number;
  readonly updateTimeMs: number;
};

/** A record as it was read: with the version that a write must find unchanged. */
export type Stored<T> = { readonly record: T; readonly version: string };

/** The JSON part of a record's text; the times stand before it, where the script writes them. */
export function encodeBody(record: Fields): string {
  const { account: _account, id: _id, createTimeMs: _create, updateTimeMs: _update, ...body } = record;
  return JSON.stringify(body);
}

const pattern = /^(\S+) (\d+) (\d+) (.*)$/s;

/**
 * Reads `<version> <score> <createTimeMs> <JSON>`, as the write-record script stores it. The score is the update time
 * in microseconds. `absent` gives the members that JSON leaves out when undefined.
 */
export function decodeRecord<T extends Fields>(
  account: string,
  id: string,
  text: string,
  absent: Partial<T>,
): Stored<T> {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`the record of ${id} can't be read`);
  const [, version, score, created, json] = match as unknown as [string, string, string, string, string];
  const times = { createTimeMs: Number(created), updateTimeMs: Math.floor(Number(score) / 1000) };
  const record = { account, id, ...times, ...absent, ...(JSON.parse(json) as object) } as unknown as T;
  return { record, version };
}
