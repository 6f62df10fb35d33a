import type { RecordKind } from './keys.ts';

/** The form of a backup; another one gets another number. */
const form = { roomstream: 'records', form: 1 } as const;

/** A record in a backup. */
export type BackupRecord = {
  readonly kind: RecordKind;
  readonly account: string;
  readonly id: string;
  /** The record as Redis has it: `<version> <score> <createTimeMs> <JSON>`. */
  readonly text: string;
  /** Time of its last write or use, milliseconds since the epoch. */
  readonly usedMs: number;
};

/** A line of a backup: its head, a record, or its end, without which it isn't whole. */
export type BackupLine =
  | { readonly line: 'head'; readonly schema: number }
  | ({ readonly line: 'record' } & BackupRecord)
  | { readonly line: 'end'; readonly records: number };

/** The first line; `schema` is the version of the records. */
export function headLine(schema: number, takenMs: number): string {
  return `${JSON.stringify({ ...form, schema, takenAt: new Date(takenMs).toISOString() })}\n`;
}

/** A line of a record. */
export function recordLine({ kind, account, id, text, usedMs }: BackupRecord): string {
  return `${JSON.stringify({ kind, account, id, usedMs, text })}\n`;
}

/** The last line. */
export function endLine(records: number): string {
  return `${JSON.stringify({ end: true, records })}\n`;
}

/** Reads a line; throws an Error that says what is wrong with it. */
export function readLine(text: string): BackupLine {
  const value = parse(text);
  if ('roomstream' in value) return readHead(value);
  if (value['end'] === true) return { line: 'end', records: countOf(value, 'records') };
  return { line: 'record', ...readRecord(value) };
}

type Members = Readonly<Record<string, unknown>>;

function parse(text: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('is no JSON: the file is cut off or no backup');
  }
  if (typeof value !== 'object' || value === null) throw new Error('is no line of a backup');
  return value as Members;
}

function readHead(value: Members): BackupLine {
  if (value['roomstream'] !== form.roomstream || value['form'] !== form.form) {
    throw new Error(
      `is not of form ${form.form} of a backup of records, which is the one that is known here`,
    );
  }
  return { line: 'head', schema: countOf(value, 'schema') };
}

function readRecord(value: Members): BackupRecord {
  const { kind } = value;
  if (kind !== 'room' && kind !== 'logging-configuration') {
    throw new Error(`has the kind ${JSON.stringify(kind)}, and should have room or logging-configuration`);
  }
  return {
    kind,
    account: textOf(value, 'account', /^[0-9]{12}$/),
    id: textOf(value, 'id', /^[a-zA-Z0-9]{12}$/),
    text: textOf(value, 'text', /^\S+ [0-9]+ [0-9]+ \{.*\}$/s),
    usedMs: countOf(value, 'usedMs'),
  };
}

function textOf(value: Members, name: string, pattern: RegExp): string {
  const text = value[name];
  if (typeof text !== 'string' || !pattern.test(text)) throw new Error(`has no ${name} as it should be`);
  return text;
}

function countOf(value: Members, name: string): number {
  const count = value[name];
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    throw new Error(`has no number ${name}`);
  }
  return count;
}
