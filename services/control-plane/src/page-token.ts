import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fieldError } from './errors.ts';

/** What a page token is good for: it continues one list of one account. */
export type PageTokenScope = {
  readonly operation: string;
  readonly account: string;
  /** The filters of the list, as the caller gave them. */
  readonly filters: readonly (string | undefined)[];
};

/** Makes and reads `nextToken`. */
export type PageTokens = {
  /** The token that continues after `position`, which JSON can hold. */
  seal(scope: PageTokenScope, position: unknown): string;
  /**
   * Where a token continues: what the scope's operation has sealed, a `P`. Throws ValidationException when it was altered,
   * or made for another scope.
   */
  open<P>(scope: PageTokenScope, token: string): P;
};

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/**
 * Seals positions with AES-256-GCM; the scope is authenticated with them. `secret` is the 32 bytes that all control
 * planes share, so that each takes the others' tokens.
 */
export function pageTokens(secret: Buffer): PageTokens {
  return {
    seal: (scope, position) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(algorithm, secret, iv).setAAD(encodeScope(scope));
      const text = [cipher.update(JSON.stringify(position)), cipher.final()];
      return Buffer.concat([iv, ...text, cipher.getAuthTag()]).toString('base64url');
    },
    open: <P>(scope: PageTokenScope, token: string): P => {
      const bytes = Buffer.from(token, 'base64url');
      // Of several spellings of the same bytes only the one that was given out counts.
      if (bytes.length > ivBytes + tagBytes && bytes.toString('base64url') === token) {
        const text = unseal(secret, bytes, encodeScope(scope));
        if (text !== undefined) return JSON.parse(text) as P;
      }
      throw fieldError(
        'nextToken',
        `has ${token.length} characters that are no token of this account, operation and filters`,
      );
    },
  };
}

function unseal(key: Buffer, bytes: Buffer, scope: Buffer): string | undefined {
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(scope).setAuthTag(bytes.subarray(-tagBytes));
  const text = decipher.update(bytes.subarray(ivBytes, -tagBytes));
  try {
    return Buffer.concat([text, decipher.final()]).toString();
  } catch {
    return undefined;
  }
}

function encodeScope(scope: PageTokenScope): Buffer {
  return Buffer.from(
    JSON.stringify([scope.operation, scope.account, scope.filters.map((text) => text ?? null)]),
  );
}
