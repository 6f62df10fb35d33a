import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { TlsFiles } from './tls-files.ts';

const ciphers = 'DEFAULT@SECLEVEL=0';

/** Asserts that the server at a port of 127.0.0.1 takes no TLS below 1.2. */
export async function assertRefusesOldTls(port: number, files: TlsFiles): Promise<void> {
  assert.equal(await connectsWithTls11(port), false);
  // The same client gets through where TLS 1.1 is allowed, so it was the server that refused.
  const pair = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const lax = createServer({ ...pair, minVersion: 'TLSv1', ciphers });
  try {
    await once(lax.listen(0, '127.0.0.1'), 'listening');
    assert.equal(await connectsWithTls11((lax.address() as AddressInfo).port), true);
  } finally {
    lax.close();
  }
}

/** Whether a client that knows no more than TLS 1.1 gets a connection. */
function connectsWithTls11(port: number): Promise<boolean> {
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers } as const;
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...versions });
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
