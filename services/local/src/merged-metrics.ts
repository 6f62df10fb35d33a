import type { Registry } from '@roomstream/runtime/metrics';
import { AggregatorRegistry } from 'prom-client';

/**
 * The metrics of several services in one process as one page. Two services that share a library (the bus) have series
 * of the same names, which one registry refuses; here they are added up.
 */
export function mergedMetrics(registries: readonly Registry[]): Pick<Registry, 'metrics' | 'contentType'> {
  return {
    contentType: AggregatorRegistry.PROMETHEUS_CONTENT_TYPE,
    metrics: async () => {
      const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
      return AggregatorRegistry.aggregate(all).metrics();
    },
  };
}
