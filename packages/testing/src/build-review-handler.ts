import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Programs of lambda/review-handler. */
export type ReviewHandler = 'sample' | 'moderator';

const sources = fileURLToPath(new URL('../../lambda/review-handler', import.meta.url));
const cache = fileURLToPath(new URL('../../../../.cache/go', import.meta.url));

/**
 * Builds a handler with the go on PATH, once for each state of its sources, and returns the program's path. Rejects with
 * the compiler's words. The first build asks the Go module proxy for what go.sum names.
 */
export async function buildReviewHandler(name: ReviewHandler): Promise<string> {
  const program = join(cache, `${name}-${stateOfSources()}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  // Several test files may build at once: each moves a finished program into the place.
  const own = `${program}.${process.pid}`;
  await run(
    'go',
    ['build', '-trimpath', '-buildvcs=false', '-tags', 'lambda.norpc', '-o', own, `./${name}`],
    {
      cwd: sources,
      env: { ...process.env, CGO_ENABLED: '0' },
    },
  );
  renameSync(own, program);
  return program;
}

function stateOfSources(): string {
  const hash = createHash('sha256');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort();
  for (const file of files) if (/\.(go|mod|sum)$/.test(file)) hash.update(readFileSync(join(sources, file)));
  return hash.digest('hex').slice(0, 16);
}
