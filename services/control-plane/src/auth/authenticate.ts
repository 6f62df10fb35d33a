import type { AuthFault } from './auth-fault.ts';
import type { Caller, Credentials } from './credentials.ts';
import type { HttpRequest } from './http-request.ts';

export type { AuthFault } from './auth-fault.ts';
export type { Caller, Credentials } from './credentials.ts';
export type { HttpRequest } from './http-request.ts';

/** Who calls, or why the caller isn't believed. */
export type Authenticated = { readonly kind: 'caller'; readonly caller: Caller } | AuthFault;

/**
 * Finds out who calls: checks the Signature Version 4 of a request (service `ivschat`) against the known access keys.
 * `nowMs` is the time since the epoch.
 */
export function authenticate(
  _request: HttpRequest,
  _credentials: Credentials,
  _region: string,
  _nowMs: number,
): Authenticated {
  throw new Error('to come');
}
