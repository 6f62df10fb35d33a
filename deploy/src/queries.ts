import { parse } from 'yaml';

/** A query, and where it stands. */
export type PlacedQuery = { readonly where: string; readonly text: string };

/** A rule of an alert, as far as tests read it. */
export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity?: string };
  readonly annotations: {
    readonly summary?: string;
    readonly description?: string;
    readonly runbook?: string;
  };
};

/** All alerts of a rule file. */
export function alertRules(yaml: string): readonly AlertRule[] {
  const { groups } = parse(yaml) as { groups: readonly { rules: readonly AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** A dashboard, as far as tests read it. */
export type Dashboard = {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition?: string }[];
  };
};

/** A panel of it; rows have no targets. */
export type Panel = {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly options?: { readonly yAxis?: { readonly unit?: string } };
};

/** Every query of a dashboard, with a duration in the place of Grafana's own variable. */
export function dashboardQueries(dashboard: Dashboard): readonly PlacedQuery[] {
  const placed = (where: string, text: string) => ({
    where,
    text: text.replaceAll('$__rate_interval', '5m'),
  });
  return [
    ...dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => placed(`panel ${title}`, expr)),
    ),
    ...dashboard.annotations.list.flatMap(({ name, expr }) =>
      expr === undefined ? [] : [placed(`annotation ${name}`, expr)],
    ),
    ...dashboard.templating.list.flatMap(({ name, definition }) => {
      const [, selector] = /^label_values\((.*), \w+\)$/.exec(definition ?? '') ?? [];
      return selector === undefined ? [] : [placed(`variable ${name}`, selector)];
    }),
  ];
}
