/** How much of the traffic a gateway reads, as shares of all messages. */
export type Reading = {
  /** It has the message's room. */
  readonly needed: number;
  /** It has a room on the message's shard, so it gets it. */
  readonly read: number;
  /** Share of what it reads that it doesn't need. */
  readonly unneeded: number;
};

/**
 * What each of `gateways` reads when a balancer deals connections out by chance: a gateway follows the shards on which it
 * has rooms, and a shard brings it all of its rooms.
 */
export function readingOf(rooms: number, viewersPerRoom: number, shards: number, gateways: number): Reading {
  // A gateway has none of a room's viewers with the chance that each of them is elsewhere.
  const needed = 1 - (1 - 1 / gateways) ** viewersPerRoom;
  // Rooms hash to shards; beside the message's own room, the others on its shard count by their expected number.
  const others = (rooms - 1) / shards;
  const read = 1 - (1 - needed) * (1 - needed) ** others;
  return { needed, read, unneeded: read === 0 ? 0 : 1 - needed / read };
}
