import type { Registry } from '@roomstream/runtime/metrics';
import { Counter, Histogram } from 'prom-client';

/** Metrics of the control plane. */
export type ControlPlaneMetrics = {
  /** One API call has been answered. `operation` is of the model or `unknown`, `outcome` is `ok` or an error's type. */
  called(operation: string, outcome: string, seconds: number): void;
  /** Rooms were removed because nobody had used them. */
  roomsRemoved(count: number): void;
};

/** Registers the control plane's metrics. */
export function openControlPlaneMetrics(registry: Registry): ControlPlaneMetrics {
  const calls = new Counter({
    name: 'roomstream_control_plane_calls_total',
    help: 'API calls by operation and outcome: ok, or the type of the error',
    labelNames: ['operation', 'outcome'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'roomstream_control_plane_call_seconds',
    help: 'Time from the whole request to its answer',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const removed = new Counter({
    name: 'roomstream_unused_rooms_removed_total',
    help: 'Rooms removed because they had no connections or updates for a long time',
    registers: [registry],
  });
  return {
    called: (operation, outcome, seconds) => {
      calls.inc({ operation, outcome });
      durations.observe({ operation }, seconds);
    },
    roomsRemoved: (count) => removed.inc(count),
  };
}
