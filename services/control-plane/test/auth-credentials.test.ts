import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { Log } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { openCredentials } from '../src/auth/credentials.ts';

function content(accessKeyId: string): string {
  const users = { alice: { accessKeys: [{ accessKeyId, secretAccessKey: 'hidden-secret' }] } };
  return JSON.stringify({ accounts: { '123456789012': { users } } });
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'roomstream-auth-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A log that keeps what would be printed. */
function collect() {
  const lines: string[] = [];
  const write = (...line: unknown[]) => lines.push(inspect(line, { depth: 9 }));
  return { lines, log: { info: write, warn: write, error: write } as unknown as Log };
}

test('a changed credentials file counts soon, and a key that it drops is unknown', async (t) => {
  const file = join(await folder(t), 'credentials.json');
  await writeFile(file, content('FIRST'));
  const credentials = openCredentials(file, collect().log);
  t.after(() => credentials.close());
  assert.equal(credentials.find('FIRST')?.caller.user, 'alice');
  await writeFile(file, content('OTHER'));
  await eventually(() => credentials.find('OTHER') !== undefined);
  assert.equal(credentials.find('FIRST'), undefined);
});

test('a file behind symbolic links that are swapped, as Kubernetes mounts secrets, is read anew', async (t) => {
  const mount = await folder(t);
  for (const name of ['first', 'second']) {
    await mkdir(join(mount, name));
    await writeFile(join(mount, name, 'credentials.json'), content(name.toUpperCase()));
  }
  await symlink('first', join(mount, 'data'));
  await symlink('data/credentials.json', join(mount, 'credentials.json'));
  const credentials = openCredentials(join(mount, 'credentials.json'), collect().log);
  t.after(() => credentials.close());
  assert.ok(credentials.find('FIRST'));
  await symlink('second', join(mount, 'data-new'));
  await rename(join(mount, 'data-new'), join(mount, 'data'));
  await eventually(() => credentials.find('SECOND') !== undefined);
});

test('a broken file is refused and logged without secrets, the previous stays, and a repaired one counts', async (t) => {
  const file = join(await folder(t), 'credentials.json');
  await writeFile(file, content('FIRST'));
  const { lines, log } = collect();
  const credentials = openCredentials(file, log);
  t.after(() => credentials.close());
  await writeFile(file, `{"accounts": hidden-secret ${content('BROKEN')}`);
  await eventually(() =>
    lines.some((line) => line.includes('refused') && line.includes('is not valid JSON')),
  );
  assert.ok(credentials.find('FIRST'));
  await rm(file);
  await eventually(() => lines.some((line) => line.includes('ENOENT')));
  assert.ok(credentials.find('FIRST'));
  await writeFile(file, content('REPAIRED'));
  await eventually(() => credentials.find('REPAIRED') !== undefined);
  assert.ok(!lines.join('').includes('hidden'));
});

test('a file that is broken at the start stops it with a message that names what is wrong', async (t) => {
  const file = join(await folder(t), 'credentials.json');
  await writeFile(file, '{"accounts":{"1":{}}}');
  assert.throws(() => openCredentials(file, collect().log), /an account must be twelve digits/);
});
