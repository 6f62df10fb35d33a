import { createSecretKey, type KeyObject } from 'node:crypto';

/** A key that seals tokens, with the header that lets others find it. */
export type DataKey = {
  /** First byte: the kind (`headerKind`); then what that kind needs. Authenticated with every token. */
  readonly header: Buffer;
  /** The header in base64url: the first part of the token. */
  readonly headerText: string;
  /** 256 bits for AES-GCM; a KeyObject prints without its content. */
  readonly secret: KeyObject;
};

/** First byte of a header. A new layout gets a new number. */
export const headerKind = { local: 1, kms: 2 } as const;

/** Makes a data key of its header and its 32 bytes. */
export function dataKey(header: Buffer, secret: Uint8Array): DataKey {
  // Encoded anew rather than sliced out of a token: a slice would keep the whole token alive in the cache.
  return { header, headerText: header.toString('base64url'), secret: createSecretKey(secret) };
}

/** Where data keys come from: the local key file, or KMS. */
export type KeySource = {
  /** A fresh key to seal with. Rejects when KMS can't be asked. */
  create(): Promise<DataKey>;
  /** The key of a header that isn't cached; undefined when it isn't one of ours. Rejects when KMS can't be asked. */
  find(header: Buffer): DataKey | undefined | Promise<DataKey | undefined>;
  /**
   * Whether a found key is genuine by itself (KMS has authenticated it). Else any header of the right form gives a key,
   * which is genuine only once it has opened a token: until then it must not push others out of the cache.
   */
  readonly isProof: boolean;
  notReady(): readonly string[];
  close(): Promise<void>;
};
