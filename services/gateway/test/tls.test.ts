import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assertRefusesOldTls } from '@roomstream/testing/assert-refuses-old-tls';
import { makeTlsFiles } from '@roomstream/testing/tls-files';
import { WebSocket } from 'ws';
import { openStage } from './stage.ts';

const files = makeTlsFiles();
const env = { ROOMSTREAM_GATEWAY_TLS_CERT_FILE: files.cert, ROOMSTREAM_GATEWAY_TLS_KEY_FILE: files.key };
const stage = await openStage();
after(async () => {
  await stage.close();
  files.remove();
});

test('with certificate files it speaks TLS', async () => {
  const gateway = await stage.gateway(env);
  const room = await stage.room();
  const ca = readFileSync(files.cert);
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

test('TLS below 1.2 is refused', async () => {
  await assertRefusesOldTls((await stage.gateway(env)).port, files);
});

test('a certificate without its key, or files that are none, are refused at the start', async () => {
  await assert.rejects(stage.gateway({ ROOMSTREAM_GATEWAY_TLS_CERT_FILE: files.cert }), /go together/);
  const rubbish = join(files.folder, 'rubbish.pem');
  writeFileSync(rubbish, 'rubbish');
  for (const path of [join(files.folder, 'missing.pem'), rubbish]) {
    await assert.rejects(stage.gateway({ ...env, ROOMSTREAM_GATEWAY_TLS_KEY_FILE: path }));
  }
});
