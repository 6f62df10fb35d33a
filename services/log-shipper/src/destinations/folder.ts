import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LogDestination, RoomRecords } from '../log-destination.ts';
import { eachRoom } from './each-room.ts';
import { fileFailureReason } from './failure-reason.ts';
import { gzipLines } from './gzip.ts';
import { objectKey } from './object-key.ts';
import { WorkGate } from './work-gate.ts';

/** A folder in the place of a bucket. */
export type FolderOptions = {
  /** Absolute path of what stands for the bucket. */
  readonly folder: string;
  /** Whether it is made when it is missing. */
  readonly isMade: boolean;
  /** Region in keys. */
  readonly region: string;
  /** Files of one batch that are under way or wait for their turn at once. */
  readonly atOnce: number;
};

/**
 * Files of the whole process that are under way at once. A call to a disk that hangs can't be ended: it keeps one of the
 * four threads that gzip and the look-up of names need as well, and the records of its room in memory. So two at most do,
 * until they really end; the other files time out before they are begun.
 */
const files = new WorkGate(2);

/** A destination that writes the keys and bytes which S3 would get below a folder. */
export function folderDestination(options: FolderOptions, configuration: string): LogDestination {
  const { folder, isMade, region, atOnce } = options;
  return {
    kind: 'folder',
    pace: 'window',
    deliver: async (rooms, windowStartMs, signal) =>
      eachRoom(rooms, {
        atOnce,
        signal,
        reasonOf: fileFailureReason,
        deliver: (room: RoomRecords) =>
          files.run(signal, async () => {
            const bytes = await gzipLines(room.records, signal);
            if (!isMade) await stat(folder);
            const path = join(folder, objectKey(region, configuration, room, windowStartMs));
            await writeWhole(path, bytes, signal);
            return 0;
          }),
      }),
  };
}

/**
 * Writes a file that is there whole or not at all, after a power failure too. Until then it has a name of its own that
 * begins with a dot: two processes may write the same file.
 */
async function writeWhole(path: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const folder = dirname(path);
  const firstMade = await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(unfinished, 'wx', 0o666);
    try {
      await file.writeFile(bytes, { signal });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (err) {
    await rm(unfinished, { force: true });
    throw err;
  }
  await syncFolders(folder, firstMade);
}

/** Makes the names last: of the file, and of the folders that were made for it. */
async function syncFolders(folder: string, firstMade: string | undefined): Promise<void> {
  const top = firstMade === undefined ? folder : dirname(firstMade);
  for (let each = folder; ; each = dirname(each)) {
    const handle = await open(each, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (each === top || each === dirname(each)) return;
  }
}
