/** What each byte becomes in a canonical URI: the unreserved characters of RFC 3986 stay, all others are encoded. */
const encoded = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9\-._~]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

const unreserved = /^[A-Za-z0-9\-._~]*$/;
const twoDigits = /^[0-9A-Fa-f]{2}$/;

/**
 * Encodes every byte of `text` (one character a byte, as HTTP parsers give them), a percent sign too. Undefined when
 * a character is no byte: cutting it down to one would let two paths share a signature.
 */
export function percentEncode(text: string): string | undefined {
  if (unreserved.test(text)) return text;
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const next = encoded[text.charCodeAt(i)];
    if (next === undefined) return undefined;
    result += next;
  }
  return result;
}

/**
 * Brings percent-encoded text to the one canonical spelling: `%7e`, `%7E` and `~` are the same. Undefined when an
 * escape is broken.
 */
export function normalizeEncoding(text: string): string | undefined {
  if (unreserved.test(text)) return text;
  let result = '';
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i);
    if (text[i] === '%') {
      const digits = text.slice(i + 1, i + 3);
      if (!twoDigits.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      i += 2;
    }
    const next = encoded[byte];
    if (next === undefined) return undefined;
    result += next;
  }
  return result;
}
