import type { ChildProcess } from 'node:child_process';

/** What a program came to: its exit code, and what it wrote to stdout and stderr. */
export type Ended = { readonly status: number | null; readonly output: string };

/** Waits for a program's end; rejects when it couldn't be started. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, output };
}
