import type { Registry } from 'prom-client';
import type { Log } from './log.ts';
import { connectRedis, type RedisAccess, type RedisClient } from './redis.ts';

/** A connection for commands that the parts of a service use together. */
export type SharedRedis = {
  readonly client: RedisClient;
  /** Gives up this part's use of it; the last one disconnects. Once. */
  close(): void;
};

type Connection = { readonly client: RedisClient; users: number };

const connections = new WeakMap<Registry, Map<string, Connection>>();

/**
 * The service's connection to a Redis, made at its first use. A service is known by its registry: in one process, the
 * bus and the store of a gateway share a connection where they name the same Redis, and two gateways don't.
 */
export function shareRedis(access: RedisAccess, log: Log, registry: Registry): SharedRedis {
  const ofService = connections.get(registry) ?? new Map<string, Connection>();
  connections.set(registry, ofService);
  const { redisUrl, redisCaFile, redisSentinelPassword } = access;
  const key = JSON.stringify([redisUrl, redisCaFile, redisSentinelPassword]);
  const connection = ofService.get(key) ?? { client: connectRedis(access, 'commands', log), users: 0 };
  connection.users++;
  ofService.set(key, connection);
  return {
    client: connection.client,
    close: () => {
      if (--connection.users > 0) return;
      ofService.delete(key);
      connection.client.disconnect();
    },
  };
}
