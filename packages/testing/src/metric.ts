import type { Registry } from '@roomstream/runtime/metrics';

/** The value of a metric of a service in this process, summed over the labels that aren't given. Rejects when it has none. */
export async function metric(
  service: { readonly registry: Registry },
  name: string,
  labels: Readonly<Record<string, string | number>> = {},
): Promise<number> {
  const found = await service.registry.getSingleMetric(name)?.get();
  if (found === undefined) throw new Error(`no metric ${name}`);
  const matching = found.values.filter((value) =>
    Object.entries(labels).every(([label, text]) => `${value.labels[label]}` === `${text}`),
  );
  return matching.reduce((sum, value) => sum + value.value, 0);
}
