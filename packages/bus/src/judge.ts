import { isBefore, type Position, parsePosition } from './position.ts';
import type { PositionsReply } from './scripts.ts';
import type { Standing } from './standing.ts';

/** Why a position was lost. */
export type GapReason = 'trimmed' | 'ids-went-back';

/** A stream as lua/read-positions-1.lua saw it. */
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

/** Reads the script's reply, for the first position that it was asked for, or another one. */
export function readState(reply: PositionsReply, which = 0): StreamState {
  const [last, added, length, first, lastIdentity, ...isThere] = reply;
  return {
    last: parsePosition(last),
    added,
    length,
    first: first === '' ? undefined : parsePosition(first),
    isThere: isThere[which] === 1,
    lastIdentity,
  };
}

/**
 * Whether reading on from where a reader stands gives all that was added since. A replica holds a prefix of its
 * master's stream, so a position whose entry is still there is sound, whoever is master now.
 */
export function judge(
  standing: Pick<Standing, 'position' | 'added'>,
  state: StreamState,
): 'sound' | GapReason {
  const { position } = standing;
  if (isBefore(state.last, position) || state.added < standing.added) return 'ids-went-back';
  if (state.first === undefined || isBefore(position, state.first)) {
    // The entry was trimmed, as happens to any; lost is only what was trimmed behind it. A stream that began anew, of which there
    // is more behind the position than was added since, has nothing to do with it.
    const missing = state.added - standing.added - state.length;
    return missing === 0 ? 'sound' : missing > 0 ? 'trimmed' : 'ids-went-back';
  }
  return state.isThere ? 'sound' : 'ids-went-back';
}
