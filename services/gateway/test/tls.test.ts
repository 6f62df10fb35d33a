import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls, createServer } from 'node:tls';
import { WebSocket } from 'ws';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let folder: string;
let files: { ROOMSTREAM_GATEWAY_TLS_CERT_FILE: string; ROOMSTREAM_GATEWAY_TLS_KEY_FILE: string };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomstream-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ];
  execFileSync('openssl', args, { stdio: 'ignore' });
  files = { ROOMSTREAM_GATEWAY_TLS_CERT_FILE: cert, ROOMSTREAM_GATEWAY_TLS_KEY_FILE: key };
  stage = await openStage();
});
after(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

test('with certificate files it speaks TLS', async () => {
  const gateway = await stage.gateway(files);
  const room = await stage.room();
  const ca = readFileSync(files.ROOMSTREAM_GATEWAY_TLS_CERT_FILE);
  for (let i = 0; i < 20; i++) {
    const socket = new WebSocket(`wss://127.0.0.1:${gateway.port}`, await stage.token(room, 'ann'), { ca });
    const answer = new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(data.toString()));
      socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.once('error', reject);
    });
    socket.once('open', () => socket.send(JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'x' })));
    assert.equal((JSON.parse(await answer) as { Type: string }).Type, 'MESSAGE');
    socket.terminate();
  }
});

/** Whether a client that knows no more than TLS 1.1 gets a connection. */
function connectsWithTls11(port: number): Promise<boolean> {
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...versions });
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

test('TLS below 1.2 is refused', async (t) => {
  assert.equal(await connectsWithTls11((await stage.gateway(files)).port), false);
  // The same client gets through where TLS 1.1 is allowed, so it was the gateway that refused.
  const pair = {
    cert: readFileSync(files.ROOMSTREAM_GATEWAY_TLS_CERT_FILE),
    key: readFileSync(files.ROOMSTREAM_GATEWAY_TLS_KEY_FILE),
  };
  const lax = createServer({ ...pair, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
  t.after(() => lax.close());
  await once(lax.listen(0, '127.0.0.1'), 'listening');
  assert.equal(await connectsWithTls11((lax.address() as AddressInfo).port), true);
});

test('a certificate without its key, or files that are none, are refused at the start', async () => {
  const { ROOMSTREAM_GATEWAY_TLS_CERT_FILE: cert } = files;
  await assert.rejects(stage.gateway({ ROOMSTREAM_GATEWAY_TLS_CERT_FILE: cert }), /go together/);
  const rubbish = join(folder, 'rubbish.pem');
  writeFileSync(rubbish, 'rubbish');
  for (const path of [join(folder, 'missing.pem'), rubbish]) {
    await assert.rejects(stage.gateway({ ...files, ROOMSTREAM_GATEWAY_TLS_KEY_FILE: path }));
  }
});
