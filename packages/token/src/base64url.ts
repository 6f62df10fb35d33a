const alphabet = /^[A-Za-z0-9_-]*$/;

/**
 * The bytes of an unpadded base64url text, or undefined when `text` is not exactly what encoding them gives. Node's own
 * decoder skips foreign characters and ignores the unused low bits of the last one: several texts would then be the
 * same token.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!alphabet.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
