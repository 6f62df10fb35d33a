import { boundedLabels } from '@roomstream/runtime/bounded-labels';
import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';
import { Gauge, Histogram } from 'prom-client';
import type { FailureReason } from './invocation.ts';

/** What the worker counts. The errors are the guide's (InvocationErrors{Uri}, ResponseValidationErrors{Uri}). */
export type Metrics = ReturnType<typeof openReviewMetrics>;

/** What gauges read when they are collected. */
export type Gauges = {
  readonly backlog: () => { readonly count: number; readonly oldestMs: number };
  readonly inHand: () => number;
  /** URIs of the handlers whose circuit breaker isn't closed. */
  readonly openBreakers: () => readonly string[];
};

/** Who decided on a message. */
export type DecidedBy = 'handler' | 'fallback';

const shortSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** Registers the worker's metrics. At most `mostUris` handlers have a label of their own. */
export function openReviewMetrics(registry: Registry, mostUris: number, gauges: Gauges) {
  const registers = [registry];
  const label = boundedLabels(mostUris);
  const { counter, counterBy } = openMeters(registry);
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets: shortSeconds, registers });
  openGauges(registry, gauges, label);
  const invocationErrors = counter(
    'roomstream_invocation_errors_total',
    'Messages whose handler could not be invoked (InvocationErrors).',
    'uri',
    'reason',
  );
  const validationErrors = counter(
    'roomstream_response_validation_errors_total',
    'Invalid answers of handlers (ResponseValidationErrors).',
    'uri',
  );
  const functionErrors = counter(
    'roomstream_function_errors_total',
    'Handlers that ran and failed (FunctionError, or status 500 of a webhook).',
    'uri',
  );
  const verdicts = counterBy(
    'roomstream_review_verdicts_total',
    'Messages settled, by verdict and by who decided.',
    { verdict: ['allow', 'deny'], by: ['handler', 'fallback'] },
  );
  const settledBefore = counter(
    'roomstream_review_settled_before_total',
    'Messages that another worker, or an earlier try, had settled.',
  );
  const claimed = counter('roomstream_review_claimed_total', 'Messages claimed from other workers.');
  const invocation = histogram(
    'roomstream_review_invocation_seconds',
    'Time from the start of an invocation to its end: the budget of messageReviewTimeoutMs.',
  );
  const waited = histogram(
    'roomstream_review_wait_seconds',
    'Time from the submission of a message to the start of its invocation.',
  );
  const total = histogram(
    'roomstream_review_seconds',
    'Time from the submission of a message to its verdict.',
  );
  return {
    invocationError: (uri: string, reason: FailureReason) =>
      invocationErrors.inc({ uri: label(uri), reason }),
    validationError: (uri: string) => validationErrors.inc({ uri: label(uri) }),
    functionError: (uri: string) => functionErrors.inc({ uri: label(uri) }),
    settled: (verdict: 'allow' | 'deny', by: DecidedBy, ms: number) => {
      verdicts.inc({ verdict, by });
      total.observe(Math.max(ms, 0) / 1000);
    },
    settledBefore: () => settledBefore.inc(),
    claimed: () => claimed.inc(),
    waited: (ms: number) => waited.observe(Math.max(ms, 0) / 1000),
    invoked: (ms: number) => invocation.observe(ms / 1000),
  };
}

function openGauges(registry: Registry, gauges: Gauges, label: (uri: string) => string): void {
  const { gauge } = openMeters(registry);
  gauge(
    'roomstream_review_waiting',
    'Messages of all rooms that wait for a verdict, in hand or not.',
    () => gauges.backlog().count,
    'max',
  );
  gauge(
    'roomstream_review_oldest_seconds',
    'Age of the oldest message that waits for a verdict.',
    () => gauges.backlog().oldestMs / 1000,
    'max',
  );
  gauge('roomstream_review_in_hand', 'Messages that this worker has in hand.', gauges.inHand);
  new Gauge({
    name: 'roomstream_review_breaker_open',
    help: 'Handlers that are not invoked, since they failed repeatedly.',
    labelNames: ['uri'],
    registers: [registry],
    collect() {
      this.reset();
      for (const uri of gauges.openBreakers()) this.inc({ uri: label(uri) });
    },
  });
}
