/** One figure: what, and how much. */
export type Row = readonly [what: string, value: string];

/** Rows as a markdown table. */
export function table(head: Row, rows: readonly Row[]): string {
  const widest = Math.max(...[head, ...rows].map(([what]) => what.length));
  const line = ([what, value]: Row) => `| ${what.padEnd(widest)} | ${value} |`;
  return [line(head), `| ${'-'.repeat(widest)} | --- |`, ...rows.map(line)].join('\n');
}
