import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
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

test('with certificate files it speaks TLS of 1.2 or later', async () => {
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
  const old = connectTls({
    port: gateway.port,
    host: '127.0.0.1',
    ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const outcome = await new Promise((resolve) => {
    old.once('secureConnect', () => resolve('connected'));
    old.once('error', () => resolve('refused'));
    old.once('close', () => resolve('refused'));
  });
  old.destroy();
  assert.equal(outcome, 'refused');
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
