import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { metricNameOf } from '../src/exposition.ts';
import { type LiveMetric, liveMetrics } from '../src/live-metrics.ts';
import { documented, readTable, renderRow } from '../src/metrics-table.ts';
import { parseQuery, type Selector } from '../src/promql.ts';
import { alertRules, type Dashboard, dashboardQueries, type PlacedQuery } from '../src/queries.ts';

const read = (path: string) => readFileSync(join(repositoryRoot(), 'deploy', path), 'utf8');
const table = readTable(read('METRICS.md'));
const dashboard = JSON.parse(read('grafana/roomstream.json')) as Dashboard;
const rules = alertRules(read('alerts/roomstream.rules.yaml'));
/** What Prometheus adds to every series; `pod` and `namespace` where it finds its targets in Kubernetes. */
const added = ['namespace', 'job', 'pod', 'instance', 'le'];
let live: ReadonlyMap<string, LiveMetric>;

before(async () => {
  live = await liveMetrics();
});

test('METRICS.md has every metric of every service as it is', () => {
  const known = new Map(table.map((row) => [row.name, row]));
  const own = [...live.values()].filter(({ metric }) => metric.name.startsWith('roomstream_'));
  const rows = own.map(({ metric, services }) => documented(metric, services, known.get(metric.name)));
  const sorted = rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(renderRow);
  assert.deepEqual(
    table.map(renderRow),
    sorted,
    `METRICS.md should have these rows:\n${sorted.join('\n')}\n`,
  );
});

test('metrics are named by convention: a unit, _total for counters alone, a sentence of help', () => {
  for (const { name, type, help } of table) {
    assert.match(name, /^roomstream_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.match(name, /_(seconds|bytes|frames)$/);
    assert.doesNotMatch(name, /_(ms|milliseconds|minutes|hours|kb|mb|percent)\b/);
    assert.match(help, /^[A-Z0-9].*\.$/, `${name}: ${help}`);
  }
});

test('every query of the dashboard asks for what exists', () => {
  const queries = dashboardQueries(dashboard);
  assert.ok(queries.length > 100);
  for (const query of queries) check(query);
});

test('every rule asks for what exists', () => {
  for (const { alert, expr } of rules) check({ where: alert, text: expr });
});

test('the dashboard shows every metric that says something of the service', () => {
  const shown = new Set(
    dashboardQueries(dashboard).flatMap(({ text }) =>
      parseQuery(text).selectors.map(({ series }) => metricNameOf(series, live)),
    ),
  );
  // The largest lag since it was last read belongs to the histogram; the others are shown by pod or by service already.
  const elsewhere = [
    'roomstream_event_loop_lag_max_seconds',
    'roomstream_bus_followed_shards',
    'roomstream_gateway_gaps_total',
    'roomstream_gateway_process_connections',
    'roomstream_review_oldest_seconds',
    'roomstream_unused_rooms_removed_total',
  ];
  const missing = table.map(({ name }) => name).filter((name) => !shown.has(name));
  assert.deepEqual(missing.toSorted(), elsewhere.toSorted());
});

test('every panel has a unit, a description and a place of its own, and can be limited to namespace, job and pod', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { title, description = '', fieldConfig, options, targets = [] } of panels) {
    assert.ok(fieldConfig?.defaults.unit !== undefined || options?.yAxis?.unit !== undefined, title);
    assert.match(description, /\.$/, title);
    for (const { expr } of targets) {
      for (const { series, matchers } of parseQuery(expr.replaceAll('$__rate_interval', '5m')).selectors) {
        const limits = matchers.filter(({ value }) => value.startsWith('$')).map(({ label }) => label);
        assert.deepEqual(limits, ['namespace', 'job', 'pod'], `${title}: ${series}`);
      }
    }
  }
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length, 'panels overlap');
});

/** Fails on a query that isn't PromQL, or that names a metric, a label or a value of a closed label that nobody has. */
function check({ where, text }: PlacedQuery): void {
  const { selectors, labels } = parseQuery(text);
  assert.ok(selectors.length > 0 || text === '', where);
  const known = new Set(added);
  for (const selector of selectors) for (const label of checkSelector(where, selector)) known.add(label);
  for (const label of labels) assert.ok(known.has(label), `${where}: no series has the label ${label}`);
}

/** The labels of the selector's metric. */
function checkSelector(where: string, { series, matchers }: Selector): readonly string[] {
  if (series === 'ALERTS') return [];
  const found = live.get(metricNameOf(series, live) ?? '');
  assert.ok(found !== undefined, `${where}: ${series} is no metric of any service`);
  const { metric } = found;
  if (series !== metric.name) assert.equal(metric.type, 'histogram', `${where}: ${series}`);
  const labels = table.find(({ name }) => name === metric.name)?.labels ?? [...metric.labels.keys()];
  for (const { label, op, value } of matchers) {
    if (added.includes(label)) continue;
    assert.ok(labels.includes(label), `${where}: ${series} has no label ${label}`);
    const values = metric.labels.get(label);
    if (values === undefined) continue;
    const named = op.endsWith('~') ? value.split('|') : [value];
    for (const one of named) assert.ok(values.has(one), `${where}: ${series} never has ${label}="${one}"`);
  }
  return labels;
}
