import type { RedisClient } from './redis.ts';

/** Runs one script. The reply is as Redis gives it. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/**
 * Makes a Lua script known to a connection, by a name of its own; ioredis sends its text once a connection and its hash
 * from then on.
 */
export function defineScript(client: RedisClient, name: string, lua: string): Script {
  client.defineCommand(name, { lua });
  // defineCommand adds a method that no type knows of.
  const methods = client as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>;
  const run = methods[name] as (typeof methods)[string];
  return (keys, args) => run.call(client, keys.length, ...keys, ...args);
}
