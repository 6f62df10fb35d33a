import type { FailureReason } from '../log-destination.ts';

/** Error codes of S3, CloudWatch Logs, Firehose, KMS behind them, and of the SDK where it finds no credentials. */
const reasonOfName: Readonly<Record<string, FailureReason>> = {
  AccessDenied: 'access-denied',
  AccessDeniedException: 'access-denied',
  AllAccessDisabled: 'access-denied',
  AccountProblem: 'access-denied',
  CredentialsProviderError: 'access-denied',
  ExpiredToken: 'access-denied',
  ExpiredTokenException: 'access-denied',
  IncompleteSignatureException: 'access-denied',
  InvalidAccessKeyId: 'access-denied',
  InvalidClientTokenId: 'access-denied',
  InvalidKMSResourceException: 'access-denied',
  InvalidSignatureException: 'access-denied',
  InvalidToken: 'access-denied',
  MissingAuthenticationTokenException: 'access-denied',
  NotAuthorized: 'access-denied',
  OptInRequired: 'access-denied',
  SignatureDoesNotMatch: 'access-denied',
  TokenRefreshRequired: 'access-denied',
  UnrecognizedClientException: 'access-denied',
  'KMS.NotFoundException': 'not-found',
  NoSuchBucket: 'not-found',
  NotFound: 'not-found',
  ResourceNotFoundException: 'not-found',
  BandwidthLimitExceeded: 'throttled',
  LimitExceededException: 'throttled',
  ProvisionedThroughputExceededException: 'throttled',
  RequestLimitExceeded: 'throttled',
  // S3 and Firehose mean by it: ask less often.
  ServiceUnavailable: 'throttled',
  ServiceUnavailableException: 'throttled',
  SlowDown: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequests: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestTimeout: 'timeout',
  RequestTimeoutException: 'timeout',
};

const reasonOfStatus: Readonly<Record<number, FailureReason>> = {
  401: 'access-denied',
  403: 'access-denied',
  404: 'not-found',
  408: 'timeout',
  429: 'throttled',
};

type Fault = {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
};

/** Why a call of the AWS SDK failed. Pure. */
export function awsFailureReason(err: unknown): FailureReason {
  const { name = '', code, $metadata, $response } = asFault(err);
  const known = reasonOfName[name];
  if (known !== undefined) return known;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  if (status !== undefined) return reasonOfStatus[status] ?? 'error';
  if (name === 'AbortError' || code === 'ETIMEDOUT') return 'timeout';
  // The SDK calls connections that were reset timeouts too, but leaves them their code; TLS faults have one as well.
  if (code !== undefined && !/^ERR_(?!TLS|SSL)/.test(code)) return 'unreachable';
  return name === 'TimeoutError' ? 'timeout' : 'error';
}

/** Why a code that Firehose gives a single record, or an error code of AWS on its own. Pure. */
export function reasonOfCode(code: string | undefined): FailureReason {
  return reasonOfName[code ?? ''] ?? 'error';
}

const reasonOfErrno: Readonly<Record<string, FailureReason>> = {
  EACCES: 'access-denied',
  EPERM: 'access-denied',
  EROFS: 'access-denied',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
};

/** Why a file couldn't be written. Pure. */
export function fileFailureReason(err: unknown): FailureReason {
  const { name, code } = asFault(err);
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout';
  return reasonOfErrno[code ?? ''] ?? 'error';
}

function asFault(err: unknown): Fault {
  return typeof err === 'object' && err !== null ? err : {};
}
