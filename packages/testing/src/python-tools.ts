import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './file-lock.ts';
import { repositoryRoot } from './repository-root.ts';

const run = promisify(execFile);

/** What is installed, from PyPI; the folder's name follows from it, so a new version gets a new folder. */
const packages = ['moto[server]==5.2.5', 'boto3==1.44.5', 'awscli==1.46.3', 'kubernetes-validate==1.37.0'];

/** Where the tools are: absolute paths. */
export type PythonTools = {
  readonly python: string;
  /** The AWS CLI. */
  readonly aws: string;
  readonly motoServer: string;
  /** Holds manifests against the schemas of a version of Kubernetes. */
  readonly kubernetesValidate: string;
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
  return {
    python: tool('python'),
    aws: tool('aws'),
    motoServer: tool('moto_server'),
    kubernetesValidate: tool('kubernetes-validate'),
  };
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
