import { setTimeout as delay } from 'node:timers/promises';
import { type CuttingBalancer, cuts } from './cutting-balancer.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** What was done to a fleet and its clients. */
export type Damage = { readonly cuts: number; readonly kills: number; readonly drains: number };

/** Faults that go on until they are stopped. */
export type Chaos = {
  damage(): Damage;
  /** Resolves when nothing is going on and all gateways run. */
  stop(): Promise<void>;
};

/** Longest pause between two faults of gateways, in milliseconds. */
const mostPauseMs = 4_000;

/**
 * Kills or drains any one of the gateways and starts it again, again and again, and cuts connections at random instants:
 * each about every `secondsBetweenCuts`.
 */
export function startChaos(
  stage: Stage,
  balancer: CuttingBalancer,
  random: Random,
  connections: number,
  secondsBetweenCuts: number,
): Chaos {
  const damage = { cuts: 0, kills: 0, drains: 0 };
  let isStopped = false;
  const cutOn = async () => {
    const pauseMs = (secondsBetweenCuts * 1000) / connections;
    while (!isStopped) {
      await delay(random.below(2 * pauseMs));
      if (!isStopped && balancer.cutOne(random.pick(cuts))) damage.cuts++;
    }
  };
  const takeDown = async () => {
    const gateway = random.pick(stage.fleet.gateways);
    if (random.below(2) === 0) {
      damage.kills++;
      await gateway.kill('SIGKILL');
      balancer.exclude(gateway);
    } else {
      damage.drains++;
      balancer.exclude(gateway);
      await gateway.kill('SIGTERM');
    }
    await gateway.restart();
    balancer.include(gateway);
  };
  const takeDownOn = async () => {
    while (!isStopped) {
      await delay(random.below(mostPauseMs));
      if (!isStopped) await takeDown();
    }
  };
  const ended = Promise.all([cutOn(), takeDownOn()]);
  // Told by stop(); until then it must not count as unhandled.
  ended.catch(() => undefined);
  return {
    damage: () => ({ ...damage }),
    stop: async () => {
      isStopped = true;
      await ended;
    },
  };
}
