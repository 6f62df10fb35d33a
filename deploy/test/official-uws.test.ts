import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { repositoryRoot } from '@roomstream/testing/repository-root';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-uws-'));
const installed = join(folder, 'node_modules');
const library = join(installed, 'uWebSockets.js');
const script = join(repositoryRoot(), 'deploy', 'image', 'official-uws.mjs');

// An archive as GitHub makes it: everything in one folder that is named after the tag.
mkdirSync(join(folder, 'uWebSockets.js-20.0.0'));
writeFileSync(join(folder, 'uWebSockets.js-20.0.0', 'uws.js'), 'official');
execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', folder, 'uWebSockets.js-20.0.0']);
const archive = readFileSync(join(folder, 'archive.tar.gz'));
const sha256 = createHash('sha256').update(archive).digest('hex');
const server = createServer((request, response) => {
  response.statusCode = request.url === '/archive' ? 200 : 404;
  response.end(response.statusCode === 200 ? archive : undefined);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive`;

beforeEach(() => {
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(library, { recursive: true });
  writeFileSync(join(library, 'uws.js'), 'mirror');
  writeFileSync(join(library, 'of-the-mirror'), '');
});

const replace = (from: string, hash: string, where = library) =>
  promisify(execFile)(process.execPath, [script, from, hash, where]);
const held = () => readFileSync(join(library, 'uws.js'), 'utf8');

test('an archive with the hash that was given takes the place of the mirror’s files', async () => {
  await replace(url(), sha256);
  assert.equal(held(), 'official');
  assert.equal(existsSync(join(library, 'of-the-mirror')), false);
});

test('without a URL, or where a service has no such library, nothing happens', async () => {
  await replace('', '');
  assert.equal(held(), 'mirror');
  await replace(url(), sha256, join(folder, 'nowhere'));
});

for (const [what, from, hash, words] of [
  ['another hash', url, 'a'.repeat(64), /its SHA-256 is [0-9a-f]{64}, not a{64}/],
  ['no hash', url, '', /UWS_SHA256 must be its SHA-256/],
  ['a hash without a URL', () => '', sha256, /UWS_SHA256 without UWS_URL/],
  ['a missing archive', () => `${url()}/none`, sha256, /HTTP 404/],
] as const) {
  test(`${what} ends the build, says why, and leaves the mirror’s files`, async () => {
    await assert.rejects(replace(from(), hash), words);
    assert.equal(held(), 'mirror');
  });
}
