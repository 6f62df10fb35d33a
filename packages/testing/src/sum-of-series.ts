/** The sum of a series on a page of Prometheus's text format, over its labels or those that contain `labels`; 0 when absent. */
export function sumOfSeries(page: string, name: string, labels = ''): number {
  let sum = 0;
  for (const line of page.split('\n')) {
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? ([^ ]+)/.exec(line);
    if (match?.[1] === name && (match[2] ?? '').includes(labels)) sum += Number(match[3]);
  }
  return sum;
}
