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

/** The records of a user's connections to a room (user-records.ts), what stands behind the tag. */
export function userRecordsName(room: string, userId: string): string {
  return `users:${room}:${userId}`;
}

/** The key of these records. */
export function userRecordsKey(tag: string, room: string, userId: string): string {
  return `{${tag}}:${userRecordsName(room, userId)}`;
}

/** The last heartbeat of a gateway: milliseconds of Redis time, and its places (gateway-beats.ts). */
export function gatewayKey(gatewayId: string): string {
  return `gateway:${gatewayId}:alive`;
}

/** The stream of the messages of a shard that wait for review; every one in it isn't settled. */
export function reviewStreamKey(tag: string): string {
  return `{${tag}}:review`;
}

/** Settled messages whose sender has an earlier one that isn't: review stream id to the entry for the room, and beside it its log targets. */
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

/** The queue of the records of one logging configuration that wait on a shard. */
export function logQueueKey(tag: string, configuration: string): string {
  return `{${tag}}:log:${configuration}`;
}

/** The keys that the scripts need to log to these configurations (lua/add-entries.lua). */
export function logKeys(tag: string, configurations: readonly string[]): string[] {
  const queues = configurations.map((configuration) => logQueueKey(tag, configuration));
  return [logConfigurationsKey(tag), logDroppedKey(tag), ...queues];
}

/** The log queues of a shard that have records: `<account><configuration>`. */
export function logConfigurationsKey(tag: string): string {
  return `{${tag}}:logs`;
}

/** How many records `drop-oldest` has removed from the log queues of a shard, by `<account><configuration>`. */
export function logDroppedKey(tag: string): string {
  return `{${tag}}:log-dropped`;
}

/** Who ships the logs of a shard, `<shipper>:<fence>`; expires. */
export function logLeaseKey(tag: string): string {
  return `{${tag}}:log-lease`;
}

/** Counts the leases of a shard, so that no two are alike. */
export function logFenceKey(tag: string): string {
  return `{${tag}}:log-fence`;
}

/** The shippers that live, by until when they count as living: milliseconds of Redis time. */
export const logShippersKey = '{roomstream}:shippers';
