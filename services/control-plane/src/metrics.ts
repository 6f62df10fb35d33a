import type { StreamKind } from '@roomstream/bus/bus';
import type { StreamFigure } from '@roomstream/bus/stream-figures';
import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';
import type { RedisRole } from '@roomstream/runtime/redis-health';
import type { RedisMemory } from '@roomstream/runtime/redis-memory';
import { Gauge, Histogram } from 'prom-client';

/** Metrics of the control plane. */
export type ControlPlaneMetrics = {
  /** One API call has been answered. `operation` is of the model or `unknown`, `outcome` is `ok` or an error's type. */
  called(operation: string, outcome: string, seconds: number): void;
  /** Rooms were removed because nobody had used them. */
  roomsRemoved(count: number): void;
  /** Entries were removed from the streams of rooms because of their age. */
  trimmed(count: number): void;
  /** What all streams of a kind hold now. */
  streamsMeasured(kind: StreamKind, figure: StreamFigure): void;
  /** The memory of a Redis now. */
  memoryMeasured(redis: RedisRole, memory: RedisMemory): void;
};

/** Registers the control plane's metrics. */
export function openControlPlaneMetrics(registry: Registry): ControlPlaneMetrics {
  const { counter } = openMeters(registry);
  const calls = counter(
    'roomstream_control_plane_calls_total',
    'API calls by operation and outcome: ok, or the type of the error.',
    'operation',
    'outcome',
  );
  const durations = new Histogram({
    name: 'roomstream_control_plane_call_seconds',
    help: 'Time from the whole request to its answer.',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const removed = counter(
    'roomstream_unused_rooms_removed_total',
    'Rooms removed because they had no connections or updates for a long time.',
  );
  const trimmed = counter(
    'roomstream_stream_trimmed_entries_total',
    'Entries that this control plane has removed from the streams of rooms, being older than their retention.',
  );
  // Every control plane measures the same: in a process that has several, one of them counts.
  const figure = (name: string, help: string, label: 'stream' | 'redis') =>
    new Gauge({ name, help, labelNames: [label], aggregator: 'max', registers: [registry] });
  const entries = figure(
    'roomstream_stream_entries',
    'Entries of all streams: what rooms have received lately, messages that wait for review, records that wait for their log.',
    'stream',
  );
  const oldest = figure('roomstream_stream_oldest_seconds', 'Age of the oldest of these entries.', 'stream');
  const bytes = figure(
    'roomstream_stream_bytes',
    'Memory of these streams, as Redis estimates it.',
    'stream',
  );
  const used = figure(
    'roomstream_redis_memory_used_bytes',
    'Memory that Redis uses; of several masters, the fullest one’s.',
    'redis',
  );
  const limit = figure(
    'roomstream_redis_memory_limit_bytes',
    'The maxmemory of that Redis; 0 when it has none.',
    'redis',
  );
  return {
    called: (operation, outcome, seconds) => {
      calls.inc({ operation, outcome });
      durations.observe({ operation }, seconds);
    },
    roomsRemoved: (count) => removed.inc(count),
    trimmed: (count) => trimmed.inc(count),
    streamsMeasured: (stream, figures) => {
      entries.set({ stream }, figures.entries);
      oldest.set({ stream }, figures.oldestMs / 1000);
      bytes.set({ stream }, figures.bytes);
    },
    memoryMeasured: (redis, { usedBytes, limitBytes }) => {
      used.set({ redis }, usedBytes);
      limit.set({ redis }, limitBytes);
    },
  };
}
