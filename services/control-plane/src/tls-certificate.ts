import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Log } from '@roomstream/runtime/log';
import { startLoop } from '@roomstream/runtime/loop';

/** A certificate chain and its key, PEM. */
export type KeyPair = { readonly cert: string; readonly key: string };

/** A certificate that follows its files: renewed ones count without a restart. */
export type TlsCertificate = {
  current(): KeyPair;
  /** Whom to tell of a renewed pair. */
  onChange(listener: (pair: KeyPair) => void): void;
  close(): Promise<void>;
};

/** How soon a renewed certificate counts. */
const pollMs = 10_000;

/** Reads both files and follows them. Rejects when they aren't a pair; later the previous pair stays in that case. */
export async function openTlsCertificate(
  certFile: string,
  keyFile: string,
  log: Log,
): Promise<TlsCertificate> {
  let pair = await readPair(certFile, keyFile);
  let tell: (pair: KeyPair) => void = () => undefined;
  const reread = async () => {
    const next = await readPair(certFile, keyFile);
    if (next.cert === pair.cert && next.key === pair.key) return;
    pair = next;
    tell(pair);
    log.info({ certFile }, 'certificate renewed');
  };
  const loop = startLoop('reading the certificate', pollMs, reread, log);
  return {
    current: () => pair,
    onChange: (listener) => {
      tell = listener;
    },
    close: () => loop.stop(),
  };
}

async function readPair(certFile: string, keyFile: string): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(
      `${certFile} and ${keyFile} are no certificate with its key: ${(error as Error).message}`,
    );
  }
  return { cert, key };
}
