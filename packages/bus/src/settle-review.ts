import { logKeys, reviewDeadKey, reviewGroup, reviewVerdictsKey } from './keys.ts';
import { configurationsOf, encodeLogs, type LogTarget } from './log-target.ts';
import type { Scripts } from './scripts.ts';
import type { Shard } from './shards.ts';

/** What becomes of a message that waits for review. */
export type Settlement = {
  /** Its sender's queue. */
  readonly queue: string;
  /** Its id in the review stream. */
  readonly entryId: string;
  /** The encoded entry for the room; '' puts a message aside that nobody can read. */
  readonly verdict: string;
  /** Where the verdict is logged; none unless it is a frame. */
  readonly logs: readonly LogTarget[];
};

/** Settles a message; whether this was the first to do so. Rejects when Redis is away: it may have happened. */
export async function settleReview(
  scripts: Scripts,
  shard: Shard,
  settlement: Settlement,
  logBacklogRecords: number,
): Promise<boolean> {
  const { reviewStream, stream, channel, tag } = shard;
  const { queue, entryId, verdict, logs } = settlement;
  const keys = [reviewStream, stream, reviewVerdictsKey(tag), queue, reviewDeadKey(tag)];
  const args = [channel, reviewGroup, entryId, verdict, encodeLogs(logs, logBacklogRecords)];
  const configurations = new Set(configurationsOf(logs));
  for (;;) {
    const needed = configurations.size === 0 ? [] : logKeys(tag, [...configurations]);
    const outcome = await scripts.settleReview([...keys, ...needed], [...args, ...configurations]);
    if (outcome === 0 || outcome === 1) return outcome === 1;
    // Verdicts that wait behind this one are of a time when the room had other logs.
    for (const configuration of outcome) configurations.add(configuration);
  }
}
