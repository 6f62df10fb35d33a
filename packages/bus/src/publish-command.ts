import { disconnectedBy } from './entry.ts';
import { logKeys, rateKey, reviewQueueKey, userRecordsKey } from './keys.ts';
import { configurationsOf, encodeLogs } from './log-target.ts';
import type { Batch } from './publish-lane.ts';
import type { PublisherParts } from './publishing.ts';

/**
 * Messages of a shard that may wait for review. Beyond it submitting is unavailable: without workers they would fill the
 * memory of Redis, and nobody would be told.
 */
const mostWaitingReviews = 10_000;

/** A retried publish is looked for from this long before it was first sent: what our idea of Redis's clock may err. */
const clockSlackMs = 1_000;

/** Keys and arguments of lua/publish-entries-n.lua for some batches. Notes when their publishes were first sent. */
export function encodeCommand(
  batches: readonly Batch[],
  { clock, logBacklogRecords }: Pick<PublisherParts, 'clock' | 'logBacklogRecords'>,
): { readonly keys: readonly string[]; readonly args: readonly (string | number)[] } {
  const keys: string[] = [];
  const args: (string | number)[] = [];
  const nowMs = clock.nowMs();
  for (const { lane, publishes } of batches) {
    const { tag, stream, reviewStream, channel, wakeChannel } = lane.shard;
    keys.push(stream, reviewStream);
    args.push(channel, wakeChannel, publishes.length);
    for (const waiting of publishes) {
      const { room, reviewedUserId: userId, logs, sentAtRedisMs: since, entries } = waiting;
      keys.push(rateKey(tag, room));
      if (userId !== undefined) keys.push(reviewQueueKey(tag, room, userId));
      if (logs !== undefined) keys.push(...logKeys(tag, configurationsOf(logs)));
      const disconnected = disconnectedBy(entries.at(-1));
      if (disconnected !== undefined) keys.push(userRecordsKey(tag, room, disconnected));
      args.push(
        waiting.limit,
        since === undefined ? '' : Math.max(0, since - clockSlackMs),
        userId === undefined ? '' : mostWaitingReviews,
        logs === undefined ? entries.length : `${entries.length} ${encodeLogs(logs, logBacklogRecords)}`,
        ...entries,
      );
      waiting.sentAtRedisMs ??= nowMs;
    }
  }
  return { keys, args };
}
