import type { Metric } from './exposition.ts';

/** What METRICS.md says of one metric. */
export type Documented = {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** Services that have it. */
  readonly services: readonly string[];
  readonly help: string;
};

/** Reads the table. */
export function readTable(markdown: string): readonly Documented[] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| `roomstream_'));
  return rows.map((line) => {
    const [name = '', type = '', labels = '', services = '', ...help] = line.slice(2, -2).split(' | ');
    return {
      name: name.replaceAll('`', ''),
      type,
      labels: list(labels.replaceAll('`', '')),
      services: list(services),
      help: help.join(' | '),
    };
  });
}

/**
 * The row of a metric, made from what services show. Labels of one that has no series yet are nowhere to be seen: they are
 * taken from the table.
 */
export function documented(
  metric: Metric,
  services: readonly string[],
  known: Documented | undefined,
): Documented {
  const { name, type, help } = metric;
  const labels = metric.hasSeries ? [...metric.labels.keys()].sort() : (known?.labels ?? []);
  return { name, type, labels, services, help };
}

/** A row of the table. */
export function renderRow({ name, type, labels, services, help }: Documented): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${type} | ${shown} | ${services.join(', ')} | ${help} |`;
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
