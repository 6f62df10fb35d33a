import { freePort } from '@roomstream/testing/free-port';
import { startRedis } from '@roomstream/testing/redis-server';
import type { Dialect } from '../generator.ts';
import { frameBytes, type RunningPeer } from './peer.ts';
import type { ServerProcess } from './server-process.ts';

/** A peer whose rooms and users need no making: two processes on a Redis of their own. */
export async function startTwoServers(
  dialect: Dialect,
  /** Bytes of a frame around its content. */
  around: number,
  startOne: (port: number, redisUrl: string) => Promise<ServerProcess>,
): Promise<RunningPeer> {
  const redis = await startRedis();
  const ports = [await freePort(), await freePort()];
  const servers = await Promise.all(ports.map((port) => startOne(port, redis.url)));
  return {
    dialect,
    targets: ports.map((port) => ({ host: '127.0.0.1', port })),
    servers: servers.map(({ pid }) => pid),
    others: [],
    redisPort: redis.port,
    contentBytes: frameBytes - around,
    makeRooms: async () => undefined,
    mint: undefined,
    stop: async () => {
      for (const server of servers) await server.stop();
      await redis.stop();
    },
  };
}
