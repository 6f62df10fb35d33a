import { parser } from '@prometheus-io/lezer-promql';

/** A selector in a query: a series and what its labels are held against. */
export type Selector = {
  readonly series: string;
  readonly matchers: readonly { readonly label: string; readonly op: string; readonly value: string }[];
};

/** What a query of Prometheus asks for. */
export type Query = {
  readonly selectors: readonly Selector[];
  /** Labels by which it groups, or that it matches on. */
  readonly labels: readonly string[];
};

/** Reads a query. Throws an Error that shows the place where it can't be read. */
export function parseQuery(text: string): Query {
  const selectors: { series: string; matchers: { label: string; op: string; value: string }[] }[] = [];
  const labels: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      const piece = text.slice(node.from, node.to);
      const matcher = selectors.at(-1)?.matchers.at(-1);
      if (node.type.isError) {
        throw new Error(`not PromQL: ${text.slice(0, node.from)} <here> ${text.slice(node.from)}`);
      }
      switch (node.name) {
        case 'VectorSelector':
          selectors.push({ series: '', matchers: [] });
          break;
        case 'Identifier':
          Object.assign(selectors.at(-1) ?? {}, { series: piece });
          break;
        case 'UnquotedLabelMatcher':
          selectors.at(-1)?.matchers.push({ label: '', op: '', value: '' });
          break;
        case 'LabelName':
          if (node.node.parent?.name === 'GroupingLabels') labels.push(piece);
          else if (matcher !== undefined) matcher.label = piece;
          break;
        case 'MatchOp':
          if (matcher !== undefined) matcher.op = piece;
          break;
        case 'StringLiteral':
          if (matcher !== undefined && matcher.value === '') matcher.value = piece.slice(1, -1);
          break;
      }
    },
  });
  return { selectors, labels };
}
