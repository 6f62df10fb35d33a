/** Half of the values are below the first, 99 of 100 below the second. */
export type Spread = { readonly p50: number; readonly p99: number; readonly most: number };

/** The spread of values; NaN when there are none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** `12 / 34 / 56`: whole numbers, or with decimals. */
export function spreadText(values: readonly number[], decimals = 0): string {
  const { p50, p99, most } = spreadOf(values);
  return [p50, p99, most].map((value) => value.toFixed(decimals)).join(' / ');
}
