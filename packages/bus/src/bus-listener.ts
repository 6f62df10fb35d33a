import type { Received } from './entry.ts';
import type { GapReason } from './judge.ts';

/** Gets what a follower receives. */
export type BusListener = {
  /**
   * In stream order per room, each Id once; only for rooms joined. Redis added it `ageMs` milliseconds ago. Synchronous
   * and fast.
   */
  onEntry(entry: Received, ageMs: number): void;
  /** The position was lost for these rooms: entries may have been missed. Counted and logged by the bus too. */
  onGap(rooms: readonly string[], reason: GapReason): void;
};
