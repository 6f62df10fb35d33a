import { hash } from './hash.ts';
import { channelOf, reviewStreamKey, reviewWakeChannel, streamKey } from './keys.ts';
import { slotCount, slotOf } from './slot.ts';

/** One shard: a stream and its channel, on one slot of a Redis Cluster. */
export type Shard = {
  readonly index: number;
  /** The hash tag that all its keys have. */
  readonly tag: string;
  readonly slot: number;
  readonly stream: string;
  readonly channel: string;
  /** What waits for review, and the channel that tells workers so. */
  readonly reviewStream: string;
  readonly wakeChannel: string;
};

/** All shards, and which of them a room is on. */
export type Shards = {
  readonly all: readonly Shard[];
  of(room: string): Shard;
};

/**
 * Makes `count` shards. The slots are cut into `count` equal ranges and each shard's tag is the first one that falls
 * into its range, so that masters, which own ranges of slots, get equal numbers of shards. Everybody finds the same.
 */
export function makeShards(count: number): Shards {
  const all = Array.from({ length: count }, (_, index) => makeShard(index, count));
  return { all, of: (room) => all[hash(room) % count] as Shard };
}

function makeShard(index: number, count: number): Shard {
  const from = Math.floor((index * slotCount) / count);
  const to = Math.floor(((index + 1) * slotCount) / count);
  for (let attempt = 0; ; attempt++) {
    const tag = `s${index}-${attempt.toString(36)}`;
    const slot = slotOf(tag);
    if (slot >= from && slot < to) {
      return {
        index,
        tag,
        slot,
        stream: streamKey(tag),
        channel: channelOf(tag),
        reviewStream: reviewStreamKey(tag),
        wakeChannel: reviewWakeChannel(tag),
      };
    }
  }
}
