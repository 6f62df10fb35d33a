import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM files of a certificate for 127.0.0.1 that is signed by itself. */
export type TlsFiles = {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  remove(): void;
};

/** Makes them with openssl, good for two days, in a folder of their own. */
export function makeTlsFiles(): TlsFiles {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...newKey, '-days', '2', ...names, '-out', cert], {
    stdio: 'ignore',
  });
  return { folder, cert, key, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
