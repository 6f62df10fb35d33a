import type { Fleet } from '@roomstream/testing/fleet';
import { signRequest } from '../src/sign-request.ts';

/** The bytes of a POST to an operation of the control plane, with a real Signature Version 4. */
export function signedRequest(fleet: Fleet, host: string, operation: string, input: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(input));
  const signer = { ...fleet.credentials, region: fleet.region };
  const headers = signRequest(
    { method: 'POST', path: `/${operation}`, headers: { host, 'content-type': 'application/json' }, body },
    signer,
  );
  const lines = Object.entries({ ...headers, 'content-length': `${body.length}` })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return Buffer.concat([Buffer.from(`POST /${operation} HTTP/1.1\r\n${lines}\r\n`), body]);
}
