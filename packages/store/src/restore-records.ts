import type { Log } from '@roomstream/runtime/log';
import { type BackupRecord, readLine } from './backup-line.ts';
import type { RecordKind } from './keys.ts';
import { loggingConfigurationTraits } from './logging-configurations.ts';
import { migrations } from './migrations/migrations.ts';
import { putRecord } from './put-record.ts';
import { decodeRecord, encodeBody } from './record-text.ts';
import type { RecordsConnection } from './records-connection.ts';
import { roomTraits } from './rooms.ts';
import { NewerRecords, schemaVersion } from './schema.ts';

/** What came of a restore. */
export type Restored = {
  readonly rooms: number;
  readonly loggingConfigurations: number;
  /** Records of which Redis has another state, which was left alone: `room <account>/<id>`. */
  readonly different: readonly string[];
  /** Rooms without a logging configuration that they had and the backup hasn't: it was deleted while the backup was made. */
  readonly detached: readonly string[];
};

/** A backup that can't be used, said in one sentence. Nothing was restored. */
export class BadBackup extends Error {
  override readonly name = 'BadBackup';
}

/**
 * Puts the records of a backup into Redis, which may have some already: what is the same counts as restored, what differs
 * stays as it is. `read` gives the lines from the first on, and is called twice: nothing is written before the whole
 * backup is known to be good. Records of an earlier version are brought up to date. May be repeated. Rejects with BadBackup, NewerRecords or StoreUnavailable.
 */
export async function restoreRecords(
  connection: RecordsConnection,
  read: () => AsyncIterable<string>,
  log: Log,
): Promise<Restored> {
  const { schema, configurations } = await check(read());
  const counts = { room: 0, 'logging-configuration': 0 } satisfies Record<RecordKind, number>;
  const different: string[] = [];
  const detached: string[] = [];
  for await (const text of read()) {
    const line = readLine(text);
    if (line.line !== 'record') continue;
    const whole = withoutMissing(line, configurations);
    const name = `${line.account}/${line.id}`;
    if (whole.text !== line.text) detached.push(name);
    if (await put(connection, whole)) counts[line.kind]++;
    else different.push(`${line.kind} ${name}`);
  }
  // Records of an earlier version go the way that those in Redis went.
  for (const migration of migrations.slice(schema)) await migration.run(connection, log);
  return { rooms: counts.room, loggingConfigurations: counts['logging-configuration'], different, detached };
}

type Checked = { readonly schema: number; readonly configurations: ReadonlySet<string> };

/** Reads it once: the version of its records, and the logging configurations that it has. */
async function check(lines: AsyncIterable<string>): Promise<Checked> {
  const configurations = new Set<string>();
  let [at, records, schema] = [0, 0, 0];
  let [hasHead, hasEnd] = [false, false];
  for await (const text of lines) {
    at++;
    const line = lineAt(at, text);
    if (hasEnd || (line.line === 'head') !== (at === 1))
      throw new BadBackup(`Line ${at} is in the wrong place.`);
    if (line.line === 'head') {
      hasHead = true;
      schema = line.schema;
      if (line.schema > schemaVersion) throw new NewerRecords(line.schema, schemaVersion);
    } else if (line.line === 'end') {
      hasEnd = true;
      if (line.records !== records)
        throw new BadBackup(`The backup has ${records} records and should have ${line.records}.`);
    } else {
      records++;
      if (line.kind === 'logging-configuration') configurations.add(`${line.account}/${line.id}`);
    }
  }
  if (!hasHead || !hasEnd) throw new BadBackup(`The backup is cut off after line ${at}.`);
  return { schema, configurations };
}

function lineAt(at: number, text: string): ReturnType<typeof readLine> {
  try {
    return readLine(text);
  } catch (error) {
    throw new BadBackup(`Line ${at} ${(error as Error).message}.`);
  }
}

function withoutMissing(line: BackupRecord, configurations: ReadonlySet<string>): BackupRecord {
  if (line.kind !== 'room') return line;
  const { account, id, text } = line;
  const { record } = decodeRecord(account, id, text, roomTraits.absent);
  const left = record.loggingConfigurationIds.filter((one) => configurations.has(`${account}/${one}`));
  if (left.length === record.loggingConfigurationIds.length) return line;
  const head = text.slice(0, text.indexOf('{'));
  return { ...line, text: head + encodeBody({ ...record, loggingConfigurationIds: left } as typeof record) };
}

function put(
  connection: RecordsConnection,
  { kind, account, id, text, usedMs }: BackupRecord,
): Promise<boolean> {
  const change = { expected: '', text, usedMs };
  return kind === 'room'
    ? putRecord(connection, roomTraits, account, id, change)
    : putRecord(connection, loggingConfigurationTraits, account, id, change);
}
