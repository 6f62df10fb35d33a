import { openTallyHistogram, type TallyHistogram } from '@roomstream/runtime/tally-histogram';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/**
 * What the bus counts. Plain numbers: an entry is counted on the hot path, and metrics read them when they are asked.
 */
export type Tally = {
  published: number;
  publishUnavailable: number;
  publishRetries: number;
  /** Refused by Redis, and refused here without asking it. */
  refusedByRedis: number;
  refusedLocally: number;
  /** Refused since a log queue was full. */
  refusedByLog: number;
  received: number;
  foreign: number;
  doubles: number;
  unreadable: number;
  deadReviews: number;
  catchUps: { connected: number; silent: number; stale: number };
  gaps: { trimmed: number; 'ids-went-back': number };
  /** Ages of entries of rooms with connections here at their arrival. */
  readonly lagSeconds: TallyHistogram;
  readonly publishSeconds: Histogram;
  /** Age of the last sign of life, in milliseconds, of the connection for commands and of each follower's. */
  readonly replyAges: Set<() => number>;
  /** Shards that are followed now, per follower. */
  readonly followedShards: Set<() => number>;
};

const tallies = new WeakMap<Registry, Tally>();

/** The tally of a process. Services that share a process and its registry share it. */
export function tallyOf(registry: Registry): Tally {
  const known = tallies.get(registry);
  if (known !== undefined) return known;
  const tally = makeTally(registry);
  tallies.set(registry, tally);
  return tally;
}

function makeTally(registry: Registry): Tally {
  const tally: Tally = {
    published: 0,
    publishUnavailable: 0,
    publishRetries: 0,
    refusedByRedis: 0,
    refusedLocally: 0,
    refusedByLog: 0,
    received: 0,
    foreign: 0,
    doubles: 0,
    unreadable: 0,
    deadReviews: 0,
    catchUps: { connected: 0, silent: 0, stale: 0 },
    gaps: { trimmed: 0, 'ids-went-back': 0 },
    lagSeconds: openTallyHistogram(
      registry,
      'roomstream_bus_lag_seconds',
      'Time from the moment at which Redis added an entry to its stream until it arrived here, by the clock of Redis.',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    ),
    publishSeconds: new Histogram({
      name: 'roomstream_bus_publish_seconds',
      help: 'Time from publish to its confirmation or refusal by Redis.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
      registers: [registry],
    }),
    replyAges: new Set(),
    followedShards: new Set(),
  };
  registerCounters(registry, tally);
  registerGauges(registry, tally);
  return tally;
}

function registerCounters(registry: Registry, tally: Tally): void {
  counter(registry, 'published_total', 'Publishes confirmed by Redis.', () => tally.published);
  counter(
    registry,
    'publish_unavailable_total',
    'Publishes not confirmed in time.',
    () => tally.publishUnavailable,
  );
  counter(registry, 'publish_retries_total', 'Publishes sent again.', () => tally.publishRetries);
  labelled(registry, 'rate_refusals_total', 'Publishes refused by the rate of their room.', 'by', () => ({
    redis: tally.refusedByRedis,
    local: tally.refusedLocally,
  }));
  counter(
    registry,
    'log_refusals_total',
    'Publishes refused since a log whose records can’t be written was full.',
    () => tally.refusedByLog,
  );
  counter(registry, 'entries_received_total', 'Entries received, of any room.', () => tally.received);
  counter(
    registry,
    'foreign_entries_total',
    'Entries received of rooms without connections here.',
    () => tally.foreign,
  );
  counter(
    registry,
    'doubles_dropped_total',
    'Entries dropped since their Id was seen before.',
    () => tally.doubles,
  );
  counter(
    registry,
    'unreadable_entries_total',
    'Entries of an unknown kind: another version writes them.',
    () => tally.unreadable,
  );
  counter(
    registry,
    'dead_reviews_total',
    'Messages that could not be read for review and were put aside.',
    () => tally.deadReviews,
  );
  labelled(
    registry,
    'catch_ups_total',
    'Shards read from their stream, by what made it necessary.',
    'reason',
    () => tally.catchUps,
  );
  labelled(
    registry,
    'gaps_total',
    'Shards whose position was lost: entries may have been missed.',
    'reason',
    () => tally.gaps,
  );
}

function registerGauges(registry: Registry, tally: Tally): void {
  gauge(
    registry,
    'last_reply_age_seconds',
    'Age of the last sign of life of the most silent connection, for commands or following.',
    'max',
    () => Math.max(0, ...[...tally.replyAges].map((age) => age() / 1000)),
  );
  gauge(registry, 'followed_shards', 'Shards followed now.', 'sum', () =>
    [...tally.followedShards].reduce((sum, count) => sum + count(), 0),
  );
}

function counter(registry: Registry, name: string, help: string, value: () => number): void {
  new Counter({
    name: `roomstream_bus_${name}`,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

function labelled(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  values: () => Readonly<Record<string, number>>,
): void {
  new Counter({
    name: `roomstream_bus_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, value] of Object.entries(values())) this.inc({ [label]: key }, value);
    },
  });
}

/** `aggregator`: what becomes of the values of several services in one process. */
function gauge(
  registry: Registry,
  name: string,
  help: string,
  aggregator: 'max' | 'sum',
  value: () => number,
): void {
  new Gauge({
    name: `roomstream_bus_${name}`,
    help,
    registers: [registry],
    aggregator,
    collect() {
      this.set(value());
    },
  });
}
