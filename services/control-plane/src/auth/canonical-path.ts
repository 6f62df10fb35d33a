import { percentEncode } from './percent-encoding.ts';

const plain = /^(?:\/[A-Za-z0-9\-_~]+)+$/;

/**
 * The canonical URI of every service but S3: dot segments and empty segments go, then each segment of the path as it
 * was sent is encoded once more, so that `/tags/arn%3Aaws` becomes `/tags/arn%253Aaws`. Undefined when a character
 * isn't a byte.
 */
export function canonicalPath(rawPath: string): string | undefined {
  if (plain.test(rawPath)) return rawPath;
  const segments: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') {
      const encoded = percentEncode(segment);
      if (encoded === undefined) return undefined;
      segments.push(encoded);
    }
  }
  if (segments.length === 0) return '/';
  return `/${segments.join('/')}${rawPath.endsWith('/') ? '/' : ''}`;
}
