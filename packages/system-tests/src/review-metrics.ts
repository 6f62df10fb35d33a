import type { FleetProcess } from '@roomstream/testing/fleet-process';
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
  const counted = async (name: ReviewError) => {
    const workers: readonly FleetProcess[] = stage.fleet.reviewWorkers;
    const values = workers.map((worker) => worker.metric(reviewErrors[name], `"${arn}"`));
    return (await Promise.all(values)).reduce((sum, value) => sum + value, 0);
  };
  const [InvocationErrors, ResponseValidationErrors, FunctionErrors] = await Promise.all([
    counted('InvocationErrors'),
    counted('ResponseValidationErrors'),
    counted('FunctionErrors'),
  ]);
  return { InvocationErrors, ResponseValidationErrors, FunctionErrors };
}
