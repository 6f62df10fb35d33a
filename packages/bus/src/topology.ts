import type { RedisAccess, RedisClient } from '@roomstream/runtime/redis';
import { Cluster } from 'ioredis';

/** Where a master listens. */
export type NodeAddress = { readonly host: string; readonly port: number };

/** The name of the only master of a single or Sentinel-watched Redis, whose address the connection itself finds. */
export const theMaster = 'master';

/** Which master owns which slot. */
export type Topology = {
  /** Name of the master that owns a slot, undefined when nobody is known to. */
  ownerOf(slot: number): string | undefined;
  /** Its address; undefined for `theMaster`. */
  addressOf(owner: string): NodeAddress | undefined;
  /** Asks again. Rejects when no node answers. */
  refresh(): Promise<void>;
};

type SlotRange = { readonly from: number; readonly to: number; readonly owner: string };

/** The topology behind a connection for commands. */
export function makeTopology(commands: RedisClient, access: RedisAccess): Topology {
  if (!(commands instanceof Cluster)) {
    return { ownerOf: () => theMaster, addressOf: () => undefined, refresh: () => Promise.resolve() };
  }
  let ranges: readonly SlotRange[] = [];
  return {
    ownerOf: (slot) => ranges.find((range) => slot >= range.from && slot <= range.to)?.owner,
    addressOf: parseOwner,
    refresh: async () => {
      const rows = await commands.cluster('SLOTS');
      // A node that doesn't know its own address leaves it out: then it is the one that was asked.
      const unknownHost = access.redisUrl.nodes[0]?.host ?? '127.0.0.1';
      ranges = rows.flatMap(([from, to, master]) => {
        if (master === undefined) return [];
        const [host, port] = master;
        return [{ from, to, owner: `${port}@${host || unknownHost}` }];
      });
    },
  };
}

function parseOwner(owner: string): NodeAddress {
  const at = owner.indexOf('@');
  return { port: Number(owner.slice(0, at)), host: owner.slice(at + 1) };
}
