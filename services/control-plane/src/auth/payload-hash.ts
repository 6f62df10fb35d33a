import { hash } from 'node:crypto';
import { type AuthFault, authFault } from './auth-fault.ts';
import type { HttpRequest } from './http-request.ts';

const header = 'x-amz-content-sha256';
const unsigned = 'UNSIGNED-PAYLOAD';
const sha256Hex = /^[0-9a-f]{64}$/;

/** The hash that the signature covers: what the caller declares, or else the body's own. */
export function signedPayloadHash(request: HttpRequest): string | AuthFault {
  const declared = request.headers.get(header);
  if (declared === undefined) return hash('sha256', request.body);
  if (sha256Hex.test(declared)) return declared;
  if (declared === unsigned) {
    if (request.isTls) return unsigned;
    return authFault('InvalidSignatureException', `${header} may be ${unsigned} over TLS only.`);
  }
  if (declared.startsWith('STREAMING-')) {
    return authFault('InvalidSignatureException', `${header}: streaming payloads are not supported.`);
  }
  return authFault(
    'InvalidSignatureException',
    `${header} must be ${unsigned} or the SHA-256 of the body in hexadecimal.`,
  );
}

/**
 * Compares the declared hash with the body. It comes after the signature, so that strangers can't make us hash what
 * they send.
 */
export function checkPayload(request: HttpRequest): AuthFault | undefined {
  const declared = request.headers.get(header);
  if (declared === undefined || declared === unsigned) return undefined;
  if (hash('sha256', request.body) === declared) return undefined;
  return authFault('InvalidSignatureException', `${header} is not the SHA-256 of the body.`);
}
