import { isBefore, type Position } from '@roomstream/bus/position';
import type { TailFrame } from './room-tail.ts';

/** Bounds of one recovery: the newest frames that fit both are sent. */
export type RecoveryBounds = { readonly mostFrames: number; readonly mostBytes: number };

/** What a recovery sends, and how much it can't. */
export type Recovered = { readonly frames: readonly Buffer[]; readonly missed: number };

/** From where on a recovery sends. */
export type RecoveryRange = {
  /** Nothing up to here is owed: the user was disconnected there. */
  readonly erasedThrough: Position | undefined;
  /** What is older may be unknown to the client by now, and would look new to it. */
  readonly knownSinceMs: number;
  /** What is newer was never sent before, so that no client can have it. */
  readonly sentUntilMs: number;
};

/**
 * Chooses among the frames behind a user's certain place, from the newest to the oldest. Messages that were deleted
 * meanwhile are left out, so that they don't come back to life; the event that deletes them stays, for those who have them.
 */
export function chooseRecovered(
  behind: readonly TailFrame[],
  { erasedThrough, knownSinceMs, sentUntilMs }: RecoveryRange,
  { mostFrames, mostBytes }: RecoveryBounds,
): Recovered {
  const sinceMs = Math.min(knownSinceMs, sentUntilMs);
  const frames: Buffer[] = [];
  const deleted = new Set<string>();
  let bytes = 0;
  let missed = 0;
  for (let i = behind.length - 1; i >= 0; i--) {
    const frame = behind[i] as TailFrame;
    const { body } = frame.entry;
    if (erasedThrough !== undefined && !isBefore(erasedThrough, frame.position)) continue;
    if (isDeleted(frame, deleted)) continue;
    const fits = missed === 0 && frames.length < mostFrames && bytes + body.length <= mostBytes;
    if (!fits || frame.position.ms < sinceMs) {
      missed++;
      continue;
    }
    bytes += body.length;
    frames.push(body);
  }
  return { frames: frames.reverse(), missed };
}

/** Chooses a newcomer's history among the frames before a place: the newest `most`, without deleted messages. */
export function chooseHistory(before: readonly TailFrame[], most: number, withEvents: boolean): Buffer[] {
  const frames: Buffer[] = [];
  const deleted = new Set<string>();
  for (let i = before.length - 1; i >= 0 && frames.length < most; i--) {
    const frame = before[i] as TailFrame;
    if (!isDeleted(frame, deleted) && (withEvents || frame.isMessage)) frames.push(frame.entry.body);
  }
  return frames.reverse();
}

/** What deletes a message always stands behind it: so it was seen before. */
function isDeleted({ isMessage, deletes, entry }: TailFrame, deleted: Set<string>): boolean {
  if (deletes !== undefined) deleted.add(deletes);
  return isMessage && deleted.has(entry.id);
}
