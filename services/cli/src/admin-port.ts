import { Failure, UsageError } from './command.ts';

/** Longest wait for an answer of an admin port. */
const patienceMs = 5_000;

/** What an admin port says now. */
export type AdminAnswer = { readonly text: string; readonly ready: boolean };

/** Reads /metrics and /readyz. Throws a UsageError for what is no URL, a Failure when nobody answers. */
export async function readMetrics(url: string): Promise<AdminAnswer> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError(`An admin port is a URL like http://10.0.0.7:8090, got ${JSON.stringify(url)}.`);
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const [metrics, readiness] = await Promise.all([
      fetch(new URL('/metrics', url), { signal }),
      fetch(new URL('/readyz', url), { signal }),
    ]);
    await readiness.body?.cancel();
    if (!metrics.ok) throw new Error(`/metrics answers ${metrics.status}`);
    return { text: await metrics.text(), ready: readiness.ok };
  } catch (error) {
    const { cause } = error as Error;
    throw new Failure(
      `${url} can't be read (${cause instanceof Error ? cause.message : (error as Error).message}): is it an admin port, and the process up?`,
    );
  }
}

/** The sum of a series over its labels; 0 when there is none. */
export function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, series, value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})? ([^ ]+)/.exec(line) ?? [];
    if (series === name) sum += Number(value);
  }
  return sum;
}
