import type { Stage } from './stage.ts';

/** The worker's counters that tell why a verdict was the fallback's, by the guide's names. */
export const reviewErrors = {
  InvocationErrors: 'roomstream_invocation_errors_total',
  ResponseValidationErrors: 'roomstream_response_validation_errors_total',
  FunctionErrors: 'roomstream_function_errors_total',
} as const;

/** Name of one of the counters. */
export type ReviewError = keyof typeof reviewErrors;

/** What the counters of all workers say of one handler. */
export async function reviewErrorsOf(
  stage: Stage,
  arn: string,
): Promise<Readonly<Record<ReviewError, number>>> {
  const counted = (name: ReviewError) => sumOf(stage, reviewErrors[name], `"${arn}"`);
  const [InvocationErrors, ResponseValidationErrors, FunctionErrors] = await Promise.all([
    counted('InvocationErrors'),
    counted('ResponseValidationErrors'),
    counted('FunctionErrors'),
  ]);
  return { InvocationErrors, ResponseValidationErrors, FunctionErrors };
}

/** Why handlers weren't asked or didn't answer in time, over all workers so far; reasons that didn't occur are left out. */
export async function failureReasons(stage: Stage): Promise<Readonly<Record<string, number>>> {
  const counts: [string, number][] = [];
  for (const reason of ['timeout', 'throttled', 'unreachable', 'busy', 'breaker', 'late']) {
    const count = await sumOf(stage, reviewErrors.InvocationErrors, `reason="${reason}"`);
    if (count > 0) counts.push([reason, count]);
  }
  return Object.fromEntries(counts);
}

async function sumOf(stage: Stage, name: string, labels: string): Promise<number> {
  const values = await Promise.all(stage.fleet.reviewWorkers.map((worker) => worker.metric(name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}
