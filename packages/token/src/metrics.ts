import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';
import { type Counter, Gauge } from 'prom-client';

/** What the keys of tokens count. */
export type TokenMetrics = {
  readonly kmsCalls: Counter<'operation' | 'outcome'>;
  readonly refusedHeaders: Counter<'reason'>;
  readonly dataKeyTime: Gauge;
};

/** The metrics in this registry. Two services of one process share them, so they are looked up before they are made. */
export function tokenMetrics(registry: Registry): TokenMetrics {
  const registers = [registry];
  const find = <M>(name: string) => registry.getSingleMetric(name) as M | undefined;
  const { counterBy } = openMeters(registry);
  const kmsCalls = {
    name: 'roomstream_token_kms_calls_total',
    help: 'Calls to KMS for data keys, by outcome: ok, refused (not a key of ours), denied, unavailable.',
    labels: {
      operation: ['GenerateDataKey', 'Decrypt'],
      outcome: ['ok', 'refused', 'denied', 'unavailable'],
    },
  };
  const refusedHeaders = {
    name: 'roomstream_token_refused_headers_total',
    help: 'Tokens whose unknown key header was answered without KMS: known as bad, or over the rate of calls.',
    labels: { reason: ['known', 'rate'] },
  };
  const dataKeyTime = {
    name: 'roomstream_token_data_key_created_timestamp_seconds',
    help: 'When the data key that seals now was made, in seconds since the epoch; absent (0) until one is needed.',
    // Of several processes behind one page: a sum of times means nothing.
    aggregator: 'max' as const,
    registers,
  };
  return {
    kmsCalls:
      find<TokenMetrics['kmsCalls']>(kmsCalls.name) ??
      counterBy(kmsCalls.name, kmsCalls.help, kmsCalls.labels),
    refusedHeaders:
      find<TokenMetrics['refusedHeaders']>(refusedHeaders.name) ??
      counterBy(refusedHeaders.name, refusedHeaders.help, refusedHeaders.labels),
    dataKeyTime: find<Gauge>(dataKeyTime.name) ?? new Gauge(dataKeyTime),
  };
}
