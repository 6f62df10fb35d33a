import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('../../bench/', import.meta.url));
const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));
const options = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror'];

/**
 * Compiles the C files of a folder of this one and returns the program's path. What hasn't changed since isn't compiled
 * again. Rejects with a sentence when there is no C compiler, or with what it says.
 */
export async function compileC(folder: string): Promise<string> {
  const files = readdirSync(join(here, folder)).filter((name) => /\.[ch]$/.test(name));
  const hash = createHash('sha256').update(options.join());
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(here, folder, name)));
  const program = join(cache, `${folder}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  // Under a name of its own until it is whole: another process may look for it now.
  const unfinished = `${program}.${process.pid}`;
  const sources = files.filter((name) => name.endsWith('.c')).map((name) => join(here, folder, name));
  await promisify(execFile)('cc', [...options, '-o', unfinished, ...sources]).catch((error: Error) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('the benchmark needs a C compiler, named cc: on Debian `apt-get install gcc libc6-dev`');
  });
  renameSync(unfinished, program);
  return program;
}
