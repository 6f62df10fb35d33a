import type { Log } from '@roomstream/runtime/log';
import type { Clock } from './clock.ts';
import type { Tally } from './metrics.ts';
import type { Scripts } from './scripts.ts';
import type { Shards } from './shards.ts';

/** The outcome of a publish. */
export type Published =
  /** In the stream; `entryId` is the stream id of its first entry. */
  | { readonly kind: 'published'; readonly entryId: string }
  /** Over the room's rate; nothing was added. One more would fit after `retryAfterMs`. */
  | { readonly kind: 'rate-exceeded'; readonly retryAfterMs: number }
  /** As many records of this logging configuration wait as may; nothing was added, and its target says `block`. */
  | { readonly kind: 'log-full'; readonly configuration: string }
  /** Not confirmed within 2 s, or refused since Redis can't write now. It may still arrive. */
  | { readonly kind: 'unavailable' };

/** What publishing needs. */
export type PublisherParts = {
  readonly scripts: Scripts;
  readonly shards: Shards;
  /** Records of one logging configuration that may wait on one shard. */
  readonly logBacklogRecords: number;
  /** Longest time for which the publishes of a busy process are collected (publish-turns.ts); 0: never. */
  readonly mostCollectingMs: number;
  /** Keys of one command are on one slot. */
  readonly isCluster: boolean;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly log: Log;
};
