import { isBefore, type Position, parsePosition } from './position.ts';
import type { PositionReply } from './scripts.ts';

/** Why a position was lost. */
export type GapReason = 'trimmed' | 'ids-went-back';

/** Where a reader stands. */
export type Standing = {
  readonly position: Position;
  /** Entries that had ever been added to the stream when it ended there. */
  readonly added: number;
};

/** A stream as lua/read-position-1.lua saw it. */
export type StreamState = {
  readonly last: Position;
  readonly added: number;
  readonly length: number;
  /** Its first entry; undefined when it has none. */
  readonly first: Position | undefined;
  /** Whether the entry at the reader's position is the one that the reader had there. */
  readonly isThere: boolean;
  /** Identity of the last entry, '' when it is gone. */
  readonly lastIdentity: string;
};

/** Reads the script's reply. */
export function readState(reply: PositionReply): StreamState {
  const [last, added, length, first, isThere, lastIdentity] = reply;
  return {
    last: parsePosition(last),
    added,
    length,
    first: first === '' ? undefined : parsePosition(first),
    isThere: isThere === 1,
    lastIdentity,
  };
}

/**
 * Whether reading on from where a reader stands gives all that was added since. A replica holds a prefix of its
 * master's stream, so a position whose entry is still there is sound, whoever is master now.
 */
export function judge(standing: Standing, state: StreamState): 'sound' | GapReason {
  const { position } = standing;
  if (isBefore(state.last, position) || state.added < standing.added) return 'ids-went-back';
  if (state.first === undefined || isBefore(position, state.first)) {
    // The entry was trimmed, as happens to any; lost is only what was trimmed behind it.
    return state.added - standing.added > state.length ? 'trimmed' : 'sound';
  }
  return state.isThere ? 'sound' : 'ids-went-back';
}
