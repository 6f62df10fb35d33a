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
