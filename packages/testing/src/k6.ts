import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './file-lock.ts';
import { repositoryRoot } from './repository-root.ts';

const run = promisify(execFile);

/** The k6 that load tests are tested with. */
export const k6Version = 'v1.8.1';

/**
 * The path of k6. Built with the go on PATH once for each version, in `.cache/go` of the repository, which takes minutes;
 * processes that ask at the same time wait for the one that builds. Rejects with the compiler's words.
 */
export async function k6Program(): Promise<string> {
  const home = join(repositoryRoot(), '.cache', 'go');
  const program = join(home, `k6-${k6Version}`);
  if (existsSync(program)) return program;
  mkdirSync(home, { recursive: true });
  await withLock(`${program}.lock`, async () => {
    if (!existsSync(program)) await build(program);
  });
  return program;
}

/** What go installs is complete only once it is in its place. */
async function build(program: string): Promise<void> {
  const folder = `${program}.${process.pid}`;
  try {
    await run(
      'nice',
      // Without symbols the linker has half as much to do.
      [
        '-n',
        '10',
        'go',
        'install',
        '-trimpath',
        '-buildvcs=false',
        '-ldflags=-s -w',
        `go.k6.io/k6@${k6Version}`,
      ],
      { env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' }, maxBuffer: 64 * 1024 * 1024 },
    );
    renameSync(join(folder, 'k6'), program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
