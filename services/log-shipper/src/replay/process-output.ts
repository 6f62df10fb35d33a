import type { ReplayOutput } from './replay.ts';

/** The process's own stdout and stderr. When who reads stdout has gone (`| head`), that is the end, and no fault. */
export function processOutput(): ReplayOutput {
  const { stdout, stderr } = process;
  // Told to the write that failed.
  stdout.on('error', () => undefined);
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stdout.write(chunk, (error?: NodeJS.ErrnoException | null) => {
          if (error === undefined || error === null) resolve(true);
          else if (error.code === 'EPIPE') resolve(false);
          else reject(error);
        });
      }),
    note: (line) => void stderr.write(`${line}\n`),
  };
}
