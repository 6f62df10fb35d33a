import { normalizeEncoding } from './percent-encoding.ts';

/**
 * The canonical query: names and values in one spelling, sorted by name, then by value, so that a repeated `tagKeys`
 * has one order. A `+` is a plus, not a space. Undefined when an escape is broken.
 */
export function canonicalQuery(rawQuery: string): string | undefined {
  if (rawQuery === '') return '';
  const pairs: { name: string; value: string }[] = [];
  for (const part of rawQuery.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = normalizeEncoding(equals === -1 ? part : part.slice(0, equals));
    const value = normalizeEncoding(equals === -1 ? '' : part.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    pairs.push({ name, value });
  }
  pairs.sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value));
  return pairs.map(({ name, value }) => `${name}=${value}`).join('&');
}

/** By character code: what is compared is ASCII, and a locale's order would differ from the signer's. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
