import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './file-lock.ts';
import { repositoryRoot } from './repository-root.ts';

const run = promisify(execFile);

/** A program in Go that tests use. */
export type GoProgram = {
  /** Its name here. */
  readonly name: string;
  /** The package that `go install` is given. */
  readonly package: string;
  /** `v1.2.3` */
  readonly version: string;
};

/**
 * The path of a program. Built with the go on PATH once for each version, in `.cache/go` of the repository, which may take
 * minutes; processes that ask at the same time wait for the one that builds. Rejects with the compiler's words.
 */
export async function goProgram(program: GoProgram): Promise<string> {
  const home = join(repositoryRoot(), '.cache', 'go');
  const path = join(home, `${program.name}-${program.version}`);
  if (existsSync(path)) return path;
  mkdirSync(home, { recursive: true });
  await withLock(`${path}.lock`, async () => {
    if (!existsSync(path)) await build(program, path);
  });
  return path;
}

/** What go installs is complete only once it is in its place. */
async function build(program: GoProgram, path: string): Promise<void> {
  const folder = `${path}.${process.pid}`;
  const source = `${program.package}@${program.version}`;
  try {
    await run(
      'nice',
      // Without symbols the linker has half as much to do.
      ['-n', '10', 'go', 'install', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', source],
      { env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' }, maxBuffer: 64 * 1024 * 1024 },
    );
    renameSync(join(folder, basename(program.package)), path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
