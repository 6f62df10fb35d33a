import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What is installed, from PyPI; the folder's name follows from it, so a new version gets a new folder. */
const packages = ['moto[server]==5.2.5', 'boto3==1.44.5', 'awscli==1.46.3'];

/** A lock that nobody has renewed for this long belongs to a process that is gone. */
const staleMs = 30_000;

/** Where the tools are: absolute paths. */
export type PythonTools = {
  readonly python: string;
  /** The AWS CLI. */
  readonly aws: string;
  readonly motoServer: string;
};

/**
 * The tools that tests need from Python: boto3, the AWS CLI and moto. Made once, in `.cache/python` of the repository;
 * processes that ask at the same time wait for the one that makes it. undefined when python3 (3.10 or later, with venv)
 * is missing. Rejects when they can't be installed.
 */
export async function pythonTools(): Promise<PythonTools | undefined> {
  const version = packages.join('-').replaceAll(/[^a-z0-9.]+/g, '-');
  const home = join(repositoryRoot(), '.cache', 'python');
  const folder = join(home, version);
  if (!existsSync(join(folder, 'complete'))) {
    if (!(await hasPython())) return undefined;
    mkdirSync(home, { recursive: true });
    await withLock(`${folder}.lock`, () => install(folder));
  }
  const tool = (name: string) => join(folder, 'bin', name);
  return { python: tool('python'), aws: tool('aws'), motoServer: tool('moto_server') };
}

async function hasPython(): Promise<boolean> {
  const question = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  try {
    await run('python3', ['-c', question]);
    return true;
  } catch {
    return false;
  }
}

/** A venv can't be moved: it is made in place, and the mark at its end says that it is whole. */
async function install(folder: string): Promise<void> {
  if (existsSync(join(folder, 'complete'))) return;
  rmSync(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  await run(join(folder, 'bin', 'python'), pip, { maxBuffer: 64 * 1024 * 1024 });
  writeFileSync(join(folder, 'complete'), '');
}

/** Runs `work` while no other process does. The holder touches the lock, so that a dead one's is recognised. */
async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  while (!tryLock(lock)) await delay(200);
  const renewal = setInterval(() => writeFileSync(lock, `${process.pid}`), staleMs / 10);
  try {
    await work();
  } finally {
    clearInterval(renewal);
    rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    removeStale(lock);
    return false;
  }
}

/** Renamed before it is removed: of several that see a stale lock, one takes it away, and never a new one by mistake. */
function removeStale(lock: string): void {
  const status = statSync(lock, { throwIfNoEntry: false });
  if (status === undefined || Date.now() - status.mtimeMs < staleMs) return;
  const grave = `${lock}.${process.pid}`;
  try {
    renameSync(lock, grave);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return;
  }
  rmSync(grave, { force: true });
}

/** The folder of package-lock.json, from wherever this file was built to. */
function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package-lock.json'))) {
    if (folder === dirname(folder)) throw new Error('no package-lock.json above this file');
    folder = dirname(folder);
  }
  return folder;
}
