import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a command has done. */
export type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

const program = fileURLToPath(new URL('../../bin/roomstream.mjs', import.meta.url));

/** Runs `roomstream …` as an operator does, with an environment of its own. */
export function roomstream(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** The lines of JSON that a command has printed. */
export function printed<T>({ stdout }: Ran): T[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
