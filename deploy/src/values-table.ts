import { type Document, isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

/** One value of the chart that has a line of its own. */
export type ValueRow = { readonly path: string; readonly fallback: string; readonly about: string };

/** The values that a `# -- ` comment stands above, in their order. Throws at a value without one. */
export function valueRows(text: string): readonly ValueRow[] {
  const document: Document = parseDocument(text);
  if (!isMap(document.contents)) throw new Error('values are a mapping');
  return rowsOf(document.contents, '');
}

function rowsOf(map: YAMLMap, above: string): readonly ValueRow[] {
  return map.items.flatMap((pair: Pair, n) => {
    if (!isScalar(pair.key)) throw new Error(`a key below ${above}`);
    const path = above === '' ? `${pair.key.value}` : `${above}.${pair.key.value}`;
    // The comment above a mapping's first key belongs to the mapping.
    const comment = pair.key.commentBefore ?? (n === 0 ? map.commentBefore : undefined);
    const about = comment
      ?.split('\n')
      .find((line) => line.startsWith(' -- '))
      ?.slice(4);
    if (about !== undefined) return [{ path, fallback: JSON.stringify(plainValue(pair)), about }];
    if (isMap(pair.value)) return rowsOf(pair.value, path);
    throw new Error(`${path} has no comment`);
  });
}

function plainValue({ value }: Pair): unknown {
  return value !== null && typeof value === 'object' && 'toJSON' in value
    ? (value.toJSON as () => unknown)()
    : value;
}

/** The rows as a table in markdown. */
export function valuesTable(rows: readonly ValueRow[]): string {
  const lines = rows.map(({ path, fallback, about }) => `| \`${path}\` | \`${fallback}\` | ${about} |`);
  return ['| value | default | meaning |', '| --- | --- | --- |', ...lines].join('\n');
}
