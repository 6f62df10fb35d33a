import { type Position, parsePosition } from './position.ts';
import { formatStanding, parseStanding, type Standing } from './standing.ts';

/** One connection of a user to a room, as the fleet knows it. */
export type UserRecord = {
  /** `<gateway>/<number>` */
  readonly member: string;
  readonly gateway: string;
  readonly number: number;
  /** Milliseconds of Redis time: the session's end, or the end of a lost one's window. */
  readonly endsMs: number;
  /** The client may have forgotten the Ids of what is older; milliseconds of Redis time. */
  readonly knownSinceMs: number;
  readonly kind: RecordKind;
  /** When it was written, milliseconds of Redis time. */
  readonly writtenMs: number;
  /** When its connection began, milliseconds of Redis time. */
  readonly beganMs: number;
  /** Up to there the user certainly had everything when it was written; undefined: nobody knew. */
  readonly certain: Standing | undefined;
};

/**
 * `open`: the heartbeats of its gateway that come after it count for it too. `silent`: open, but it doesn't answer, so they
 * don't. `lost`: it didn't end cleanly.
 */
export type RecordKind = 'open' | 'silent' | 'lost';

/** A user's records in a room, but for those that have ended. */
export type UserRecordsOf = {
  /** In no order. */
  readonly records: readonly UserRecord[];
  /** Nothing up to here may be sent again: the user was disconnected there. */
  readonly erasedThrough: Position | undefined;
};

/** What is true of a connection now. */
export type RecordState =
  | { readonly kind: 'gone' }
  | {
      readonly kind: RecordKind;
      readonly beganMs: number;
      readonly endsMs: number;
      readonly knownSinceMs: number;
      readonly certain: Standing | undefined;
      /** It is written only where there is a record of the connection: another may have taken that away. */
      readonly isOnlyKept?: boolean;
    };

/** The field of the user's records that says up to where they were erased (lua/publish-entries-n.lua). */
const erasedField = 'erased';

/** Renders what is true of a connection now as lua/user-records-n.lua writes it; '' takes its record out. */
export function encodeRecord(state: RecordState, nowMs: number): string {
  if (state.kind === 'gone') return '';
  const certain = state.certain === undefined ? '' : formatStanding(state.certain);
  const [endsMs, knownSinceMs] = [Math.floor(state.endsMs), Math.floor(state.knownSinceMs)];
  const condition = state.isOnlyKept === true ? '?' : '';
  return `${condition}${endsMs} ${knownSinceMs} ${state.kind} ${nowMs} ${Math.floor(state.beganMs)} ${certain}`;
}

/** Reads a user's records: fields and values one after the other. What can't be read, a newer version's, is left out. */
export function decodeRecords(flat: readonly string[], nowMs: number): UserRecordsOf {
  const records: UserRecord[] = [];
  let erasedThrough: Position | undefined;
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [field, value] = [flat[i] as string, flat[i + 1] as string];
    const record = decodeRecord(field, value);
    if (field === erasedField) erasedThrough = parsePosition(value);
    else if (record !== undefined && record.endsMs > nowMs) records.push(record);
  }
  return { records, erasedThrough };
}

const recordPattern = /^(\d+) (\d+) (open|silent|lost) (\d+) (\d+) (\S*)$/;

function decodeRecord(member: string, text: string): UserRecord | undefined {
  const [, endsMs, knownSinceMs, kind, writtenMs, beganMs, certain] = recordPattern.exec(text) ?? [];
  const slash = member.lastIndexOf('/');
  if (certain === undefined || slash === -1) return undefined;
  return {
    member,
    gateway: member.slice(0, slash),
    number: Number(member.slice(slash + 1)),
    endsMs: Number(endsMs),
    knownSinceMs: Number(knownSinceMs),
    kind: kind as RecordKind,
    writtenMs: Number(writtenMs),
    beganMs: Number(beganMs),
    certain: parseStanding(certain),
  };
}
