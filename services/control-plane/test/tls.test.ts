import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { type ControlPlaneUnderTest, startUnderTest } from './control-plane-under-test.ts';
import { rawRequest } from './raw-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-tls-'));
const certFile = join(folder, 'cert.pem');
const keyFile = join(folder, 'key.pem');
let plane: ControlPlaneUnderTest;
let behindProxy: ControlPlaneUnderTest;

before(async () => {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
      .concat(['-keyout', keyFile, '-out', certFile, '-subj', '/CN=localhost'])
      .concat(['-addext', 'subjectAltName=IP:127.0.0.1']),
    { stdio: 'ignore' },
  );
  const env = {
    ROOMSTREAM_CONTROL_PLANE_TLS_CERT_FILE: certFile,
    ROOMSTREAM_CONTROL_PLANE_TLS_KEY_FILE: keyFile,
  };
  plane = await startUnderTest({ env });
  behindProxy = await startUnderTest({ env: { ROOMSTREAM_TRUSTED_PROXIES: '127.0.0.0/8' } });
});
after(async () => {
  await plane?.stop();
  await behindProxy?.stop();
  rmSync(folder, { recursive: true });
});

const unsigned = { path: '/CreateRoom', body: '{}', user: 'test', payloadHash: 'UNSIGNED-PAYLOAD' };

test('the API speaks TLS with its certificate files, and takes UNSIGNED-PAYLOAD over it', async () => {
  const answer = await rawRequest(plane.url, { ...unsigned, ca: readFileSync(certFile, 'utf8') });
  assert.equal(answer.status, 200, answer.body);
});

/** Whether a client that knows no more than TLS 1.1 gets a connection. */
function connectsWithTls11(port: number): Promise<boolean> {
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
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

test('TLS below 1.2 is refused', async (t) => {
  assert.equal(await connectsWithTls11(plane.service.port as number), false);
  // The same client gets through where TLS 1.1 is allowed, so it was the API that refused.
  const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const lax = createServer({ ...pair, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
  t.after(() => lax.close());
  await once(lax.listen(0, '127.0.0.1'), 'listening');
  assert.equal(await connectsWithTls11((lax.address() as AddressInfo).port), true);
});

test('UNSIGNED-PAYLOAD is taken when a trusted proxy says that the caller came over TLS', async () => {
  const said = (proto: string) =>
    rawRequest(behindProxy.url, { ...unsigned, headers: { 'x-forwarded-proto': proto } });
  assert.equal((await said('https')).status, 200);
  assert.equal((await said('http')).status, 403);
  assert.equal((await said('https, http')).status, 403);
});

test('a certificate without its key stops the start', async () => {
  const env = { ROOMSTREAM_CONTROL_PLANE_TLS_CERT_FILE: certFile };
  await assert.rejects(startUnderTest({ env }), /TLS_CERT_FILE and .*TLS_KEY_FILE must be set together/);
});
