import type { Bus, StreamKind } from '@roomstream/bus/bus';
import { together } from '@roomstream/bus/stream-figures';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { RedisClient } from '@roomstream/runtime/redis';
import { fullestMaster } from '@roomstream/runtime/redis-memory';
import type { ControlPlaneMetrics } from './metrics.ts';

/** How often streams and memory are measured. */
const everyMs = 10_000;

const kinds = ['room', 'review', 'log'] as const satisfies readonly StreamKind[];

/**
 * Measures all streams and the memory of Redis, for metrics. The control plane does it since it is there when no worker
 * is: what waits for one has to be seen then above all. `records`: the Redis of records.
 */
export function startStreamWatch(
  bus: Bus,
  records: RedisClient,
  metrics: ControlPlaneMetrics,
  log: Log,
): Loop {
  const measure = async () => {
    const shards = await bus.measure();
    for (const kind of kinds) metrics.streamsMeasured(kind, together(shards.map((shard) => shard[kind])));
    metrics.memoryMeasured('bus', await fullestMaster(bus.commands));
    if (records !== bus.commands) metrics.memoryMeasured('records', await fullestMaster(records));
  };
  return startLoop('measuring streams', everyMs, measure, log);
}
