import { windowOf } from './batch.ts';

/** How batches of a queue become due. */
export type Schedule = {
  readonly windowMs: number;
  /** A queue that has as many needn't wait for the end of its window. */
  readonly batchRecords: number;
};

/** Entries of a window may still be on their way this long after its end: the clock of Redis is known to some milliseconds. */
const marginMs = 1_000;

const mostStaggerMs = 15_000;

/**
 * How long after a window's end a shard's turn comes, so that not all of them upload in the same second: a quarter of the
 * window at most, the same in every process.
 */
export function staggerMs(shard: number, windowMs: number): number {
  // Multiples of the golden ratio lie evenly, however many there are.
  const fraction = (shard * 0.618_033_988_749_895) % 1;
  return Math.floor(fraction * Math.min(windowMs / 4, mostStaggerMs));
}

/**
 * When (Redis time) the first batch of a queue is due at a destination that takes windows, given the time of the first entry
 * and how many wait.
 */
export function windowDueMs(schedule: Schedule, shard: number, oldestMs: number, records: number): number {
  if (records >= schedule.batchRecords) return 0;
  return windowClosedMs(schedule, oldestMs) + staggerMs(shard, schedule.windowMs);
}

/** From when on no further entry comes into the window of this time. */
export function windowClosedMs({ windowMs }: Pick<Schedule, 'windowMs'>, ms: number): number {
  return windowOf(ms, windowMs) + windowMs + marginMs;
}
