import { redisCommand } from '@roomstream/testing/redis-command';

type Node = { readonly port: number };

/** Streams of shards on a master. */
export async function streamsOn({ port }: Node): Promise<number> {
  return Number(await redisCommand(port, 'EVAL', `"return tostring(#redis.call('KEYS','{s*}:room'))"`, 0));
}

/** Connections of followers (one per gateway that follows a shard there) to a master. */
export async function followersOn({ port }: Node): Promise<number> {
  const clients = await redisCommand(port, 'CLIENT', 'LIST');
  return clients.split('\n').filter((line) => line.includes('name=roomstream-follower')).length;
}

/** Channels of shards with subscribers on a master. */
export async function subscribedOn({ port }: Node): Promise<number> {
  const channels = await redisCommand(port, 'PUBSUB', 'SHARDCHANNELS', '*:push');
  return channels.split('\n').filter(Boolean).length;
}

/** The pid of a server. */
export async function pidOf({ port }: Node): Promise<number> {
  return Number(/process_id:([0-9]+)/.exec(await redisCommand(port, 'INFO', 'server'))?.[1]);
}
