import type { LogServiceKind } from './log-service.ts';

/**
 * How a service fails. `reset`: the connection ends without an answer; `cut`: the same after the request was carried out;
 * `hang`: no answer ever; the others are answers.
 */
export type LogFault = 'reset' | 'cut' | 'hang' | Refusal;
type Refusal = 'error' | 'throttled' | 'access-denied';

/** The answers that AWS gives. */
const refusals: Readonly<
  Record<LogServiceKind, Readonly<Record<Refusal, readonly [status: number, code: string]>>>
> = {
  s3: {
    error: [500, 'InternalError'],
    throttled: [503, 'SlowDown'],
    'access-denied': [403, 'AccessDenied'],
  },
  'cloudwatch-logs': {
    error: [500, 'InternalFailure'],
    throttled: [400, 'ThrottlingException'],
    'access-denied': [400, 'AccessDeniedException'],
  },
  firehose: {
    error: [500, 'InternalFailure'],
    throttled: [503, 'ServiceUnavailableException'],
    'access-denied': [400, 'AccessDeniedException'],
  },
};

/** An error as the service words it. */
export function refusal(
  kind: LogServiceKind,
  fault: Refusal,
): { readonly status: number; readonly content: string } {
  const [status, code] = refusals[kind][fault];
  const message = 'This is a test.';
  const content =
    kind === 's3'
      ? `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
      : JSON.stringify({ __type: code, message });
  return { status, content };
}
