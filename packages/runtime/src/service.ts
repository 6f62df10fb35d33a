import type { Registry } from 'prom-client';
import type { Log } from './log.ts';
import type { MetricsPage } from './merged-metrics.ts';

/** A running service: what its process needs to know of it. */
export type Service = {
  /** `gateway`, `control-plane`, … */
  readonly name: string;
  /** The port that clients use, when it has one: the real one where the setting said 0. */
  readonly port: number | undefined;
  /** What /metrics shows where that is more than its process's registry: other processes belong to it. */
  readonly page?: MetricsPage;
  /** Reasons why it shouldn't get traffic now; none when it is ready. */
  notReady(): readonly string[];
  /** Stops gracefully: drains, finishes what it has begun, closes its connections. */
  stop(): Promise<void>;
};

/** What a process hands to the services that it runs. */
export type Surroundings = {
  readonly log: Log;
  readonly registry: Registry;
};
