import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSource } from './log-source.ts';
import { ReplayError } from './replay-error.ts';

/** Reads logs from a folder that the `folder` destination has written. */
export function folderSource(folder: string): LogSource {
  return {
    name: folder,
    keys: (prefix, after) => keysIn(folder, prefix, after),
    open: async (key) => createReadStream(join(folder, key)),
    close: () => undefined,
  };
}

async function* keysIn(folder: string, prefix: string, after: string): AsyncGenerator<string> {
  await mustBeFolder(folder);
  yield* walk(folder, prefix, after);
}

async function* walk(folder: string, prefix: string, after: string): AsyncGenerator<string> {
  for (const { name, isFolder } of await entries(folder, prefix)) {
    const key = `${prefix}${name}`;
    // What lies in a folder begins with its key: all of it comes before `after` when that is so of the key cut to this length.
    if (isFolder && `${key}/` >= after.slice(0, key.length + 1)) yield* walk(folder, `${key}/`, after);
    else if (!isFolder && key > after) yield key;
  }
}

async function entries(folder: string, prefix: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const found = await readdir(join(folder, prefix), { withFileTypes: true });
    return found
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    // A room that has logged nothing, or a part that was removed meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ReplayError(1, `${join(folder, prefix)} can't be read: ${(error as Error).message}`);
  }
}

async function mustBeFolder(folder: string): Promise<void> {
  const status = await stat(folder).catch((error: NodeJS.ErrnoException) => error);
  if (status instanceof Error && status.code === 'ENOENT')
    throw new ReplayError(
      1,
      `There are no logs (yet): there is no folder ${folder}. It is made with the first records, some time after their messages.`,
    );
  if (status instanceof Error)
    throw new ReplayError(1, `There are no logs: the folder ${folder} can't be read (${status.code}).`);
  if (!status.isDirectory()) throw new ReplayError(1, `There are no logs: ${folder} isn't a folder.`);
}
