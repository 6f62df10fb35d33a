// node deploy/image/official-uws.mjs <URL> <SHA-256> <folder>: puts the uWebSockets.js of that archive in place of what is in the
// folder, if it is the one with that hash. Without a URL it does nothing.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [url = '', sha256 = '', folder = ''] = process.argv.slice(2);
if (url === '' && sha256 !== '') {
  console.error('UWS_SHA256 without UWS_URL: there is no archive that it could be the hash of');
  process.exit(1);
}
if (url === '' || !existsSync(folder)) process.exit(0);

const fail = (why) => {
  console.error(`UWS_URL ${url}: ${why}`);
  process.exit(1);
};
if (!/^[0-9a-f]{64}$/.test(sha256)) fail('UWS_SHA256 must be its SHA-256, 64 hexadecimal digits');
const response = await fetch(url).catch((error) => fail(error.cause?.message ?? error.message));
if (!response.ok) fail(`HTTP ${response.status}`);
const bytes = Buffer.from(await response.arrayBuffer());
const found = createHash('sha256').update(bytes).digest('hex');
if (found !== sha256) fail(`its SHA-256 is ${found}, not ${sha256}`);

const archive = join(tmpdir(), 'uws.tar.gz');
writeFileSync(archive, bytes);
rmSync(folder, { recursive: true });
mkdirSync(folder);
execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
rmSync(archive);
