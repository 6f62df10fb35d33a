const alphabet = /^[A-Za-z0-9_-]*$/;

/** Bits of the last character that are no part of a byte, by the characters beyond whole groups; no bytes have one. */
const unusedBitsOf = [0, undefined, 0b1111, 0b11];

const values = new Map(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map((letter, value) => [
    letter,
    value,
  ]),
);

/**
 * The bytes of an unpadded base64url text, or undefined when `text` is not exactly what encoding them gives. Node's own
 * decoder skips foreign characters and ignores the unused low bits of the last one: several texts would then be the
 * same token.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!alphabet.test(text)) return undefined;
  const unusedBits = unusedBitsOf[text.length % 4];
  if (unusedBits === undefined) return undefined;
  const last = values.get(text.slice(-1)) ?? 0;
  return (last & unusedBits) === 0 ? Buffer.from(text, 'base64url') : undefined;
}
