import { readFile } from 'node:fs/promises';
import type { Log } from '@roomstream/runtime/log';

/** A file's meaning, kept up to date. */
export type WatchedFile<T> = { value(): T; close(): void };

/** How often the file is read. Polling, because a mounted ConfigMap changes by swapping links. */
const intervalMs = 1_000;

/**
 * Reads a file and reads it again when it changes. What `parse` throws at the start rejects the call; later it is
 * logged and the previous value stays.
 */
export async function watchFile<T>(
  path: string,
  parse: (text: string) => T,
  log: Log,
): Promise<WatchedFile<T>> {
  let text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Error(`${path} can't be read: ${error.message}`);
  });
  let value = parseAtStart(path, text, parse);
  let lastFault: string | undefined;
  const look = async () => {
    try {
      const next = await readFile(path, 'utf8');
      if (next === text) return;
      text = next;
      value = parse(next);
      lastFault = undefined;
      log.info({ path }, 'file re-read');
    } catch (err) {
      const fault = (err as Error).message;
      if (fault !== lastFault) log.error({ err, path }, 'file refused; what it said before stays in force');
      lastFault = fault;
    }
  };
  const timer = setInterval(look, intervalMs);
  timer.unref();
  return { value: () => value, close: () => clearInterval(timer) };
}

function parseAtStart<T>(path: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`${path} is refused: ${(error as Error).message}`);
  }
}
