import { formatArn } from '@roomstream/protocol/arn';
import { boundedLabels } from '@roomstream/runtime/bounded-labels';
import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';
import { Gauge, Histogram } from 'prom-client';
import type { Amount } from './buffer-budget.ts';
import type { FailureReason, LogDestination } from './log-destination.ts';

/** What the shipper counts. The errors are the guide's (LogDestinationErrors and its kin). */
export type Metrics = ReturnType<typeof openLogMetrics>;

/** Why a record reached no destination: the queue was full, its configuration is gone, the destination refused it, it is no frame. */
export type DropReason = 'backlog' | 'deleted' | 'rejected' | 'unreadable';

/** What waits of a logging configuration, on the shards that this shipper owns. */
export type ConfigurationBacklog = {
  readonly arn: string;
  readonly records: number;
  readonly oldestMs: number;
  /** Its fullest queue over the most that may wait in one. */
  readonly fullRatio: number;
  readonly isFailing: boolean;
};

/** What gauges read when they are collected. */
export type Gauges = {
  readonly backlogs: () => readonly ConfigurationBacklog[];
  readonly buffer: () => Amount;
  readonly ownedShards: () => number;
};

const delaySeconds = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 90, 120, 180, 300, 600, 3_600, 21_600];

/** The ARN of a logging configuration, as metrics and logs name it. */
export function configurationArn(region: string, account: string, id: string): string {
  return formatArn({ region, account, kind: 'logging-configuration', id });
}

/** Registers the shipper's metrics. At most `mostConfigurations` logging configurations have a label of their own. */
export function openLogMetrics(registry: Registry, mostConfigurations: number, gauges: Gauges) {
  const label = boundedLabels(mostConfigurations);
  const { counter, gauge } = openMeters(registry);
  const ofConfiguration = (name: string, help: string) => counter(name, help, 'logging_configuration');
  const errors = ofConfiguration(
    'roomstream_log_destination_errors_total',
    'Deliveries to a room’s log that failed, for whatever reason; they are repeated (LogDestinationErrors).',
  );
  const accessDenied = ofConfiguration(
    'roomstream_log_destination_access_denied_errors_total',
    'Those that failed for want of permission (LogDestinationAccessDeniedError).',
  );
  const notFound = ofConfiguration(
    'roomstream_log_destination_resource_not_found_errors_total',
    'Those that failed since the bucket, log group or delivery stream doesn’t exist (LogDestinationResourceNotFoundErrors).',
  );
  const shipped = counter(
    'roomstream_log_records_shipped_total',
    'Records that a destination has, by its kind.',
    'destination',
  );
  const shippedBytes = counter(
    'roomstream_log_bytes_shipped_total',
    'Bytes of batches that a destination has, uncompressed.',
    'destination',
  );
  const dropped = counter(
    'roomstream_log_records_dropped_total',
    'Records that no destination has got, and why.',
    'logging_configuration',
    'reason',
  );
  const delay = new Histogram({
    name: 'roomstream_log_delay_seconds',
    help: 'Time from a message to its acknowledged delivery.',
    labelNames: ['destination'],
    buckets: delaySeconds,
    registers: [registry],
  });
  openBacklogGauges(registry, gauges, label);
  gauge('roomstream_log_buffer_bytes', 'Bytes of the buffer that are in use.', () => gauges.buffer().bytes);
  gauge(
    'roomstream_log_buffer_records',
    'Records of the buffer that are in use.',
    () => gauges.buffer().records,
  );
  gauge('roomstream_log_shards_owned', 'Shards whose logs this shipper ships.', gauges.ownedShards);
  return {
    failed: (arn: string, reason: FailureReason) => {
      const labels = { logging_configuration: label(arn) };
      errors.inc(labels);
      if (reason === 'access-denied') accessDenied.inc(labels);
      if (reason === 'not-found') notFound.inc(labels);
    },
    shipped: (
      kind: LogDestination['kind'],
      times: readonly number[],
      count: number,
      bytes: number,
      nowMs: number,
    ) => {
      shipped.inc({ destination: kind }, count);
      shippedBytes.inc({ destination: kind }, bytes);
      const delays = delay.labels({ destination: kind });
      for (const ms of times) delays.observe(Math.max(nowMs - ms, 0) / 1000);
    },
    dropped: (arn: string, reason: DropReason, count: number) => {
      if (count > 0) dropped.inc({ logging_configuration: label(arn), reason }, count);
    },
  };
}

function openBacklogGauges(registry: Registry, gauges: Gauges, label: (arn: string) => string): void {
  const perConfiguration = (
    name: string,
    help: string,
    read: (backlog: ConfigurationBacklog) => number,
    together: (a: number, b: number) => number,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['logging_configuration'],
      registers: [registry],
      collect() {
        this.reset();
        const values = new Map<string, number>();
        for (const backlog of gauges.backlogs()) {
          const arn = label(backlog.arn);
          const value = read(backlog);
          values.set(arn, together(values.get(arn) ?? 0, value));
        }
        for (const [arn, value] of values) this.set({ logging_configuration: arn }, value);
      },
    });
  const sum = (a: number, b: number) => a + b;
  perConfiguration(
    'roomstream_log_backlog_records',
    'Records that wait on the shards of this shipper.',
    ({ records }) => records,
    sum,
  );
  perConfiguration(
    'roomstream_log_backlog_oldest_seconds',
    'Age of the oldest record that waits.',
    ({ oldestMs }) => oldestMs / 1000,
    Math.max,
  );
  perConfiguration(
    'roomstream_log_backlog_full_ratio',
    'The fullest queue over the most that may wait in one.',
    ({ fullRatio }) => fullRatio,
    Math.max,
  );
  perConfiguration(
    'roomstream_log_destination_failing',
    '1 while the destination fails and is tried one batch at a time.',
    ({ isFailing }) => (isFailing ? 1 : 0),
    Math.max,
  );
}
