import type { Registry } from 'prom-client';
import { Gauge, Histogram } from 'prom-client';

/** What a Redis is for: they may be two. */
export type RedisRole = 'bus' | 'records';

/** Tells metrics how a Redis is. */
export type RedisHealth = {
  /** It has answered a question that asks for nothing else, after so many milliseconds. */
  answered(ms: number): void;
  /** It is asked no more. */
  close(): void;
};

type Known = {
  readonly roundTrips: Histogram<'redis'>;
  /** Who asks, and whether it answers them; a service may do so several times. */
  readonly asking: Map<RedisRole, Set<() => boolean>>;
};

const knownOf = new WeakMap<Registry, Known>();

/** Registers the metrics of a Redis that is asked for signs of life; `isUp`: it has answered lately. */
export function openRedisHealth(registry: Registry, role: RedisRole, isUp: () => boolean): RedisHealth {
  const known = knownOf.get(registry) ?? register(registry);
  const asking = known.asking.get(role) ?? new Set();
  known.asking.set(role, asking.add(isUp));
  const roundTrips = known.roundTrips.labels(role);
  return {
    answered: (ms) => roundTrips.observe(ms / 1000),
    close: () => void asking.delete(isUp),
  };
}

function register(registry: Registry): Known {
  const asking: Known['asking'] = new Map();
  const registers = [registry];
  new Gauge({
    name: 'roomstream_redis_up',
    help: '1 while Redis answers this process: that of the bus, and that of records where the process uses it.',
    labelNames: ['redis'],
    // Of several processes behind one page, the one that fares worst counts.
    aggregator: 'min',
    registers,
    collect() {
      this.reset();
      for (const [redis, all] of asking) {
        if (all.size > 0) this.set({ redis }, [...all].every((isUp) => isUp()) ? 1 : 0);
      }
    },
  });
  const roundTrips = new Histogram({
    name: 'roomstream_redis_round_trip_seconds',
    help: 'Time until Redis answered a question of no weight, asked every second.',
    labelNames: ['redis'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers,
  });
  const known = { roundTrips, asking };
  knownOf.set(registry, known);
  return known;
}
