import { hash, timingSafeEqual } from 'node:crypto';
import type { AccessKey } from './access-key.ts';
import { type AuthFault, authFault } from './auth-fault.ts';
import { type Authorization, algorithm } from './authorization-header.ts';
import { canonicalPath } from './canonical-path.ts';
import { canonicalQuery } from './canonical-query.ts';
import type { HttpRequest } from './http-request.ts';
import { signedPayloadHash } from './payload-hash.ts';
import type { RequestTime } from './request-time.ts';
import { hmac, signingKey, terminator } from './signing-key.ts';

/** The service's name in credential scopes (contract). */
export const serviceName = 'ivschat';

/** How far the caller's clock may be off, either way; the edges pass (contract: 15 minutes). */
export const maxSkewMs = 15 * 60 * 1000;

/** Whether the scope is that of this service, in this region, on the day of the request. */
export function checkScope(
  authorization: Authorization,
  time: RequestTime,
  region: string,
): AuthFault | undefined {
  const day = time.stamp.slice(0, 8);
  const faults: string[] = [];
  if (authorization.date !== day) {
    faults.push(
      `Date in Credential scope does not match the request's: '${authorization.date}' != '${day}'.`,
    );
  }
  if (authorization.region !== region) {
    faults.push(`Credential should be scoped to a valid region, not '${authorization.region}'.`);
  }
  if (authorization.service !== serviceName) {
    faults.push(`Credential should be scoped to correct service: '${serviceName}'.`);
  }
  if (authorization.terminator !== terminator) {
    faults.push(`Credential should be scoped with a valid terminator: '${terminator}'.`);
  }
  return faults.length === 0 ? undefined : authFault('InvalidSignatureException', faults.join(' '));
}

/** Whether the request was signed less than 15 minutes ago, or ahead. */
export function checkSkew(time: RequestTime, nowMs: number): AuthFault | undefined {
  const skewMs = nowMs - time.ms;
  if (Math.abs(skewMs) <= maxSkewMs) return undefined;
  const what = skewMs > 0 ? 'Signature expired' : 'Signature not yet current';
  const now = new Date(nowMs).toISOString();
  return authFault('RequestExpired', `${what}: ${time.stamp} is more than 15 minutes from ${now}.`);
}

/**
 * Whether the signature covers what it must: `host`, the date and every `x-amz-*` header. What it left out, anybody on
 * the way could have added or changed.
 */
export function checkSignedHeaders(
  headers: ReadonlyMap<string, string>,
  authorization: Authorization,
  time: RequestTime,
): AuthFault | undefined {
  const signed = authorization.signedHeaders;
  for (const name of signed) {
    if (!headers.has(name)) {
      return authFault('InvalidSignatureException', `SignedHeaders names '${name}', which was not received.`);
    }
  }
  for (const name of ['host', time.header]) {
    if (!signed.includes(name)) {
      return authFault(
        'InvalidSignatureException',
        `'${name}' must be a 'SignedHeader' in the Authorization header.`,
      );
    }
  }
  for (const name of headers.keys()) {
    if (name.startsWith('x-amz-') && !signed.includes(name)) {
      return authFault(
        'InvalidSignatureException',
        `There were headers present in the request which were not signed: ${name}.`,
      );
    }
  }
  return undefined;
}

/** Whether the holder of `accessKey` made this signature of this request. */
export function checkSignature(
  request: HttpRequest,
  authorization: Authorization,
  time: RequestTime,
  accessKey: AccessKey,
): AuthFault | undefined {
  const payloadHash = signedPayloadHash(request);
  if (typeof payloadHash !== 'string') return payloadHash;
  const canonical = canonicalRequest(request, authorization, payloadHash);
  if (canonical === undefined) {
    return authFault('InvalidSignatureException', 'The path or the query has a broken percent-encoding.');
  }
  const stringToSign = `${algorithm}\n${time.stamp}\n${authorization.scope}\n${hash('sha256', canonical)}`;
  const key = signingKey(accessKey, authorization.date, authorization.region, authorization.service);
  if (timingSafeEqual(hmac(key, stringToSign), Buffer.from(authorization.signature, 'hex'))) return undefined;
  return authFault(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  );
}

function canonicalRequest(
  request: HttpRequest,
  authorization: Authorization,
  payloadHash: string,
): string | undefined {
  const path = canonicalPath(request.rawPath);
  const query = canonicalQuery(request.rawQuery);
  if (path === undefined || query === undefined) return undefined;
  let headers = '';
  for (const name of authorization.signedHeaders) {
    headers += `${name}:${(request.headers.get(name) ?? '').trim().replace(/\s+/g, ' ')}\n`;
  }
  return `${request.method}\n${path}\n${query}\n${headers}\n${authorization.signedHeaders.join(';')}\n${payloadHash}`;
}
