/** Remembers over how many shards rooms spread: the first process writes it, every later one compares. */
export const shardCountKey = '{roomstream}:shards';

/** The stream of a shard: what its rooms receive. */
export function streamKey(tag: string): string {
  return `{${tag}}:room`;
}

/** The sharded pub/sub channel to which a shard's entries are pushed. */
export function channelOf(tag: string): string {
  return `{${tag}}:push`;
}

/** The times of a room's last publishes, for its rate. */
export function rateKey(tag: string, room: string): string {
  return `{${tag}}:rate:${room}`;
}

/** The stream of the messages of a shard that wait for review; every one in it isn't settled. */
export function reviewStreamKey(tag: string): string {
  return `{${tag}}:review`;
}

/** Settled messages whose sender has an earlier one that isn't: review stream id to the entry for the room. */
export function reviewVerdictsKey(tag: string): string {
  return `{${tag}}:review-verdicts`;
}

/** The last messages of a shard that no worker could read, for whoever wants to know why. */
export function reviewDeadKey(tag: string): string {
  return `{${tag}}:review-dead`;
}

/** The messages of one sender in one room that wait for review, in the order in which they were sent. */
export function reviewQueueKey(tag: string, room: string, userId: string): string {
  return `{${tag}}:review-queue:${room}:${userId}`;
}

/** The sharded pub/sub channel that tells workers of new messages. */
export function reviewWakeChannel(tag: string): string {
  return `{${tag}}:review-wake`;
}

/** The consumer group of the workers. */
export const reviewGroup = 'reviewers';
