import { collectDefaultMetrics, Registry } from 'prom-client';
import { measureEventLoopLag } from './event-loop-lag.ts';

/** The library measures the event loop's lag whether it is asked to or not; so rarely it costs nothing. */
const never = 2 ** 31 - 1;

/**
 * Opens a process's metrics with those of Node itself (memory, CPU, garbage collection) and its event loop's lag.
 * Services register theirs in it: `roomstream_<what>_<unit>`, labels from closed sets only.
 */
export function openMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: never });
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith('nodejs_eventloop_lag_')) registry.removeSingleMetric(name);
  measureEventLoopLag(registry);
  return registry;
}

export type { Registry };
