/** A metric as a page of Prometheus's text format declares it. */
export type Metric = {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Labels of its series and their values, without `le`. None are known of a metric that has no series yet. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
  readonly hasSeries: boolean;
};

type Found = {
  name: string;
  type: string;
  help: string;
  labels: Map<string, Set<string>>;
  hasSeries: boolean;
};

/** Reads a page of `/metrics`. Throws on a series that nothing on the page declares. */
export function parseExposition(page: string): readonly Metric[] {
  const metrics = new Map<string, Found>();
  const named = (name: string): Found => {
    const known = metrics.get(name);
    if (known !== undefined) return known;
    const found: Found = { name, type: '', help: '', labels: new Map(), hasSeries: false };
    metrics.set(name, found);
    return found;
  };
  for (const line of page.split('\n')) {
    const [, what, declared = '', text = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (what === 'HELP') named(declared).help = text;
    else if (what === 'TYPE') named(declared).type = text;
    else if (line !== '' && !line.startsWith('#')) addSeries(metrics, line);
  }
  return [...metrics.values()];
}

/** The metric that a series belongs to: `x` for `x_bucket` of a histogram. */
export function metricNameOf(series: string, names: { has(name: string): boolean }): string | undefined {
  if (names.has(series)) return series;
  const base = series.replace(/_(bucket|sum|count)$/, '');
  return names.has(base) ? base : undefined;
}

function addSeries(metrics: ReadonlyMap<string, Found>, line: string): void {
  const [, series, labels = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
  const metric = series === undefined ? undefined : metrics.get(metricNameOf(series, metrics) ?? '');
  if (metric === undefined) throw new Error(`no series of a declared metric: ${line}`);
  metric.hasSeries = true;
  for (const [, label = '', value = ''] of labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    if (label !== 'le') metric.labels.set(label, (metric.labels.get(label) ?? new Set()).add(value));
  }
}
