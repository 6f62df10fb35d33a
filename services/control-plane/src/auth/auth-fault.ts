/** The common AWS errors of authentication (contract: "all 403"), spelled as in `x-amzn-ErrorType`. */
export type AuthFaultType =
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature'
  | 'UnrecognizedClientException'
  | 'InvalidSignatureException'
  | 'RequestExpired'
  | 'ExpiredTokenException';

/** Why a caller isn't believed. Every type is answered with 403. */
export type AuthFault = {
  readonly kind: 'fault';
  readonly type: AuthFaultType;
  /** For the caller: names what is wrong, never a secret or the expected signature. */
  readonly message: string;
};

/** Makes a fault. */
export function authFault(type: AuthFaultType, message: string): AuthFault {
  return { kind: 'fault', type, message };
}
