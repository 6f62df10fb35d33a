import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';
import type { DataKey } from './data-key.ts';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/**
 * `base64url(header).base64url(iv|ciphertext|tag)`. The IV is random: a data key lives for a day at most, so even at
 * 10,000 tokens a second it stays far below the 2^32 uses that random IVs allow.
 */
export function sealBytes(key: DataKey, plaintext: Buffer): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key.secret, iv).setAAD(key.header);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return `${key.headerText}.${Buffer.concat([iv, ciphertext, cipher.getAuthTag()]).toString('base64url')}`;
}

/** The plaintext of a token's second part; undefined when this key didn't seal it under this header. Never throws. */
export function openBytes(key: DataKey, body: string): Buffer | undefined {
  const bytes = decodeBase64url(body);
  if (bytes === undefined || bytes.length < ivBytes + tagBytes) return undefined;
  const end = bytes.length - tagBytes;
  const decipher = createDecipheriv(algorithm, key.secret, bytes.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(key.header);
  decipher.setAuthTag(bytes.subarray(end));
  const plaintext = decipher.update(bytes.subarray(ivBytes, end));
  try {
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}
