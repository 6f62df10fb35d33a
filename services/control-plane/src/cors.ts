import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** Headers that a page may read: the SDKs take the error's type and the request id from them, and correct their clock. */
const exposed = 'x-amzn-RequestId,x-amzn-ErrorType,Date';

/** A browser asks again after this many seconds. */
const preflightSeconds = '7200';

/** Headers that let pages of the allowed origins read the answer; none for other origins. */
export function corsHeaders(request: IncomingMessage, origins: readonly string[]): OutgoingHttpHeaders {
  const { origin } = request.headers;
  if (origin === undefined || origins.length === 0) return {};
  // A cache must not give one origin's answer to another.
  if (!origins.includes('*') && !origins.includes(origin)) return { vary: 'Origin' };
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposed,
    vary: 'Origin',
  };
}

/** Whether a request is a browser's question about whether it may send another one. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

/**
 * Further headers of the answer to a preflight. Whatever headers the page wants to send are allowed: the signature
 * decides about the request, and SDKs keep adding headers of their own.
 */
export function preflightHeaders(
  request: IncomingMessage,
  allowed: OutgoingHttpHeaders,
): OutgoingHttpHeaders {
  if (allowed['access-control-allow-origin'] === undefined) return allowed;
  const wanted = request.headers['access-control-request-headers'] ?? '';
  return {
    ...allowed,
    'access-control-allow-methods': 'GET,POST,DELETE',
    'access-control-allow-headers': /^[a-zA-Z0-9, -]{0,4000}$/.test(wanted) ? wanted : '',
    'access-control-max-age': preflightSeconds,
    vary: 'Origin, Access-Control-Request-Headers',
  };
}
