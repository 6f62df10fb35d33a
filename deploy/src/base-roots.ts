import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '@roomstream/testing/file-lock';
import { repositoryRoot } from '@roomstream/testing/repository-root';

const run = promisify(execFile);

/** The Node of the images, from npm's packages of its binaries. */
const nodeVersion = '24.22.3';
const npmVersion = '11.6.2';

/**
 * Folders that stand for the images that ours are made from, since there is no container engine where tests run: what Debian's
 * own installer makes, and the same with Node and npm. Made once, in `.cache/images` of the repository; takes a minute.
 */
export async function baseRoots(): Promise<Readonly<Record<string, string>>> {
  const home = join(repositoryRoot(), '.cache', 'images');
  const debian = join(home, 'debian-trixie');
  const node = join(home, `node-${nodeVersion}-trixie`);
  mkdirSync(home, { recursive: true });
  await withLock(join(home, 'lock'), async () => {
    if (!existsSync(debian)) await madeWhole(debian, makeDebian);
    if (!existsSync(node)) await madeWhole(node, (folder) => makeNode(debian, folder));
  });
  return { 'debian:trixie-slim': debian, 'node:24-trixie-slim': node };
}

async function madeWhole(folder: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await make(unfinished);
  renameSync(unfinished, folder);
}

async function makeDebian(folder: string): Promise<void> {
  await run('debootstrap', ['--variant=minbase', 'trixie', folder, ...mirror()], {
    maxBuffer: 16 * 1024 * 1024,
  });
  await run('chroot', [folder, 'apt-get', 'clean']);
}

/** Where this machine has its packages from, if it is a Debian itself; otherwise the installer knows one. */
function mirror(): readonly string[] {
  const files = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
  const texts = files.filter(existsSync).map((file) => readFileSync(file, 'utf8'));
  return texts.flatMap((text) => /https?:\/\/\S+\/debian(?=\s|$)/m.exec(text)?.[0] ?? []).slice(0, 1);
}

async function makeNode(debian: string, folder: string): Promise<void> {
  await run('cp', ['-a', debian, folder]);
  const local = join(folder, 'usr', 'local');
  const node = await unpacked(`node-linux-${process.arch}@${nodeVersion}`, folder);
  cpSync(join(node, 'bin', 'node'), join(local, 'bin', 'node'));
  const modules = join(local, 'lib', 'node_modules');
  mkdirSync(modules, { recursive: true });
  renameSync(await unpacked(`npm@${npmVersion}`, folder), join(modules, 'npm'));
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
}

/** A package of npm, unpacked below a folder. */
async function unpacked(name: string, below: string): Promise<string> {
  const folder = join(below, 'tmp', name.replaceAll('/', '-'));
  mkdirSync(folder, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--silent', name], { cwd: folder });
  await run('tar', ['-xzf', stdout.trim(), '-C', folder], { cwd: folder });
  return join(folder, 'package');
}
