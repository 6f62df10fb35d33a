import { type AuthFault, authFault } from './auth-fault.ts';
import { parseAuthorization } from './authorization-header.ts';
import type { Caller, Credentials } from './credentials.ts';
import type { HttpRequest } from './http-request.ts';
import { checkPayload } from './payload-hash.ts';
import { requestTime } from './request-time.ts';
import { checkSessionToken } from './session-token.ts';
import { checkScope, checkSignature, checkSignedHeaders, checkSkew } from './sigv4.ts';

export type { AuthFault } from './auth-fault.ts';
export type { Caller, Credentials } from './credentials.ts';
export type { HttpRequest } from './http-request.ts';

/** Who calls, or why the caller isn't believed. */
export type Authenticated = { readonly kind: 'caller'; readonly caller: Caller } | AuthFault;

/**
 * Finds out who calls: checks the Signature Version 4 of a request (service `ivschat`) against the known access keys.
 * `nowMs` is the time since the epoch. The cheap checks come first, and what tells something about an access key comes
 * after its signature.
 */
export function authenticate(
  request: HttpRequest,
  credentials: Credentials,
  region: string,
  nowMs: number,
): Authenticated {
  const header = request.headers.get('authorization');
  if (header === undefined) return unsigned(request);
  const authorization = parseAuthorization(header);
  if (authorization.kind === 'fault') return authorization;
  const time = requestTime(request.headers);
  if (time.kind === 'fault') return time;
  const early =
    checkSkew(time, nowMs) ??
    checkScope(authorization, time, region) ??
    checkSignedHeaders(request.headers, authorization, time);
  if (early !== undefined) return early;
  const accessKey = credentials.find(authorization.accessKeyId);
  if (accessKey === undefined) {
    return authFault('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  const fault =
    checkSignature(request, authorization, time, accessKey) ??
    checkPayload(request) ??
    checkSessionToken(request.headers, accessKey, nowMs);
  return fault ?? { kind: 'caller', caller: accessKey.caller };
}

const presigned = /(?:^|&)x-amz-(?:algorithm|credential|signature)=/i;

function unsigned(request: HttpRequest): AuthFault {
  if (presigned.test(request.rawQuery)) {
    return authFault(
      'IncompleteSignature',
      'Presigned requests are not supported: sign with the Authorization header.',
    );
  }
  return authFault('MissingAuthenticationToken', 'Missing Authentication Token');
}
