import { type AuthFault, authFault } from './auth-fault.ts';

/** The one algorithm of Signature Version 4 that is accepted. */
export const algorithm = 'AWS4-HMAC-SHA256';

/** What the Authorization header says, split but not yet believed. */
export type Authorization = {
  readonly kind: 'authorization';
  readonly accessKeyId: string;
  /** `YYYYMMDD` when well-formed. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  /** `<date>/<region>/<service>/<terminator>`. */
  readonly scope: string;
  /** Ascending, without doubles. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
};

const names = ['Credential', 'SignedHeaders', 'Signature'] as const;
const headerName = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;
const signaturePattern = /^[0-9a-f]{64}$/;

/** Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; the blanks after the commas may be missing. */
export function parseAuthorization(header: string): Authorization | AuthFault {
  const text = header.trim();
  const blank = text.indexOf(' ');
  if (blank === -1 || text.slice(0, blank) !== algorithm) {
    return incomplete(`Authorization must be '${algorithm} Credential=…, SignedHeaders=…, Signature=…'.`);
  }
  const parameters = new Map<string, string>();
  for (const part of text.slice(blank + 1).split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim();
    if (equals === -1 || parameters.has(name) || !names.some((known) => known === name)) {
      return incomplete('Authorization has a parameter that is repeated or is none of its three.');
    }
    parameters.set(name, part.slice(equals + 1).trim());
  }
  const missing = names.filter((name) => !parameters.has(name));
  if (missing.length > 0) {
    return incomplete(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' '));
  }
  return readParameters(parameters);
}

function readParameters(parameters: ReadonlyMap<string, string>): Authorization | AuthFault {
  const [credential = '', signedHeaders = '', signature = ''] = names.map((name) => parameters.get(name));
  const parts = credential.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = parts;
  if (parts.length !== 5 || accessKeyId === '') {
    return incomplete("Credential must be '<access key id>/<date>/<region>/<service>/aws4_request'.");
  }
  const headers = signedHeaders.split(';');
  if (!headers.every((name, i) => headerName.test(name) && (i === 0 || (headers[i - 1] as string) < name))) {
    return incomplete('SignedHeaders must be lower-case header names, ascending, separated by semicolons.');
  }
  if (!signaturePattern.test(signature)) {
    return incomplete('Signature must be 64 lower-case hexadecimal digits.');
  }
  return {
    kind: 'authorization',
    accessKeyId,
    date,
    region,
    service,
    terminator,
    scope: credential.slice(accessKeyId.length + 1),
    signedHeaders: headers,
    signature,
  };
}

function incomplete(message: string): AuthFault {
  return authFault('IncompleteSignature', message);
}
