import { redisCommand } from './redis-command.ts';

type Node = { readonly port: number };

/** What happens between the steps of a move; each may take its time, as it does with many keys. */
export type MoveSteps<T = void> = {
  /** Both know that the slot moves, and no key has moved. */
  readonly begun?: () => Promise<void>;
  /** All keys have moved, and the slot hasn't. */
  readonly moved?: () => Promise<T>;
};

/**
 * Moves a slot and its keys to another master while both serve it, in the steps of `redis-cli --cluster reshard`. Resolves
 * with what `steps.moved` gave.
 */
export async function moveSlot<T = void>(
  slot: number,
  from: Node,
  to: Node,
  steps: MoveSteps<T> = {},
): Promise<T | undefined> {
  const fromId = await redisCommand(from.port, 'CLUSTER', 'MYID');
  const toId = await redisCommand(to.port, 'CLUSTER', 'MYID');
  await redisCommand(to.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await redisCommand(from.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  await steps.begun?.();
  for (;;) {
    const keys = await redisCommand(from.port, 'CLUSTER', 'GETKEYSINSLOT', slot, 100);
    if (keys === '') break;
    for (const key of keys.split('\n')) {
      await redisCommand(from.port, 'MIGRATE', '127.0.0.1', to.port, key, 0, 2000);
    }
  }
  const given = await steps.moved?.();
  for (const { port } of [to, from]) await redisCommand(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
  return given;
}
