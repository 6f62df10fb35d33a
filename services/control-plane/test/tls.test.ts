import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { assertRefusesOldTls } from '@roomstream/testing/assert-refuses-old-tls';
import { makeTlsFiles } from '@roomstream/testing/tls-files';
import { startUnderTest } from './control-plane-under-test.ts';
import { rawRequest } from './raw-request.ts';

const files = makeTlsFiles();
const plane = await startUnderTest({
  env: {
    ROOMSTREAM_CONTROL_PLANE_TLS_CERT_FILE: files.cert,
    ROOMSTREAM_CONTROL_PLANE_TLS_KEY_FILE: files.key,
  },
});
const behindProxy = await startUnderTest({ env: { ROOMSTREAM_TRUSTED_PROXIES: '127.0.0.0/8' } });
after(async () => {
  await plane.stop();
  await behindProxy.stop();
  files.remove();
});

const unsigned = { path: '/CreateRoom', body: '{}', user: 'test', payloadHash: 'UNSIGNED-PAYLOAD' };

test('the API speaks TLS with its certificate files, and takes UNSIGNED-PAYLOAD over it', async () => {
  const answer = await rawRequest(plane.url, { ...unsigned, ca: readFileSync(files.cert, 'utf8') });
  assert.equal(answer.status, 200, answer.body);
});

test('TLS below 1.2 is refused', () => assertRefusesOldTls(plane.service.port as number, files));

test('UNSIGNED-PAYLOAD is taken when a trusted proxy says that the caller came over TLS', async () => {
  const said = (proto: string) =>
    rawRequest(behindProxy.url, { ...unsigned, headers: { 'x-forwarded-proto': proto } });
  assert.equal((await said('https')).status, 200);
  assert.equal((await said('http')).status, 403);
  assert.equal((await said('https, http')).status, 403);
});

test('a certificate without its key stops the start', async () => {
  const env = { ROOMSTREAM_CONTROL_PLANE_TLS_CERT_FILE: files.cert };
  await assert.rejects(startUnderTest({ env }), /TLS_CERT_FILE and .*TLS_KEY_FILE must be set together/);
});
