import { hash, timingSafeEqual } from 'node:crypto';
import type { AccessKey } from './access-key.ts';
import { type AuthFault, authFault } from './auth-fault.ts';

/**
 * Whether the request carries the session token of its temporary credentials (and none with others), and whether they
 * are still valid. It comes after the signature: only the holder of the key learns more.
 */
export function checkSessionToken(
  headers: ReadonlyMap<string, string>,
  accessKey: AccessKey,
  nowMs: number,
): AuthFault | undefined {
  const given = headers.get('x-amz-security-token');
  if (!isSame(given, accessKey.sessionToken)) {
    return authFault('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  if (accessKey.expiresMs !== undefined && nowMs >= accessKey.expiresMs) {
    return authFault('ExpiredTokenException', 'The security token included in the request is expired.');
  }
  return undefined;
}

/** In constant time: comparing digests tells nothing of the lengths either. */
function isSame(given: string | undefined, expected: string | undefined): boolean {
  if (given === undefined || expected === undefined) return given === expected;
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}
