import { hash } from './hash.ts';

/**
 * Who of `members` a shard is assigned to: the one with the highest hash of both names. Everybody who knows the same members
 * finds the same, and when one comes or goes only its own shards move. undefined without members.
 */
export function assigneeOf(shard: number, members: readonly string[]): string | undefined {
  let best: string | undefined;
  let highest = -1;
  for (const member of members) {
    const weight = hash(`${member} ${shard}`);
    if (weight > highest || (weight === highest && best !== undefined && member < best)) {
      best = member;
      highest = weight;
    }
  }
  return best;
}
