import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * Opens a process's metrics with those of Node itself (memory, CPU, event-loop lag). Services register theirs in it:
 * `roomstream_<what>_<unit>`, labels from closed sets only.
 */
export function openMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export type { Registry };
