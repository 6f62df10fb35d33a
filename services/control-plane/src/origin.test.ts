import assert from 'node:assert/strict';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { readTrustedProxies } from '@roomstream/runtime/trusted-proxies';
import { callerAddress, isOverTls } from './origin.ts';

/** What a request with these headers, from loopback, is taken for. */
async function asked(headers: Record<string, string | string[]>, trusted: string) {
  const proxies = readTrustedProxies(trusted);
  const server = createServer((request, response) => {
    response.end(JSON.stringify([callerAddress(request, proxies), isOverTls(request, false, proxies)]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const body = await new Promise<string>((resolve, reject) => {
    get({ port, host: '127.0.0.1', headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
  server.close();
  return JSON.parse(body) as [string, boolean];
}

const forwarded = { 'x-forwarded-for': ['9.9.9.9', '1.2.3.4'], 'x-forwarded-proto': 'https' };

test('a trusted proxy says who calls and whether over TLS', async () => {
  assert.deepEqual(await asked(forwarded, '127.0.0.0/8'), ['1.2.3.4', true]);
});

test('a stranger says nothing that is believed', async () => {
  assert.deepEqual(await asked(forwarded, '10.0.0.0/8'), ['127.0.0.1', false]);
});

test('of several protocols the nearest proxy’s counts', async () => {
  const headers = { 'x-forwarded-proto': 'https, http' };
  assert.deepEqual(await asked(headers, '127.0.0.1'), ['127.0.0.1', false]);
});
