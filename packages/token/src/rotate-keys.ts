import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { formatKeyFile, KeyFileError, type MasterKey, readKeyFile } from './key-file.ts';

/** How a rotation goes. */
export type Rotation = {
  /** The new key seals from then on: every process must have the file by that time. */
  readonly sealsFromMs: number;
  /** Keys that another one had replaced as the sealing one by then are removed: no token of theirs is alive. */
  readonly replacedBeforeMs: number;
};

/** The keys after a rotation. */
export type Rotated = {
  /** The new text of the file. */
  readonly text: string;
  readonly keys: readonly MasterKey[];
  readonly added: MasterKey;
  readonly removed: readonly MasterKey[];
};

/** Adds a new key and removes those that were replaced long enough ago. Pure but for chance. */
export function rotatedKeys(
  keys: readonly MasterKey[],
  { sealsFromMs, replacedBeforeMs }: Rotation,
): Rotated {
  const added = { id: randomBytes(8), secret: randomBytes(32), sealsFromMs };
  const byAge = [...keys].sort((one, other) => one.sealsFromMs - other.sealsFromMs);
  // A key is replaced when the next one begins to seal.
  const removed = byAge.filter(
    (_, at) => (byAge[at + 1]?.sealsFromMs ?? Number.POSITIVE_INFINITY) <= replacedBeforeMs,
  );
  const left = [...byAge.filter((key) => !removed.includes(key)), added];
  return { text: formatKeyFile(left), keys: left, added, removed };
}

/**
 * Rotates the keys of a file, which is replaced as a whole and keeps its owner and rights. Throws a KeyFileError when it can't be
 * read or written, or another rotation is under way.
 */
export function rotateKeyFile(path: string, rotation: Rotation): Rotated {
  const rotated = rotatedKeys(readKeyFile(path).keys, rotation);
  const draft = `${path}.rotating`;
  try {
    const { uid, gid } = statSync(path);
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, rotated.text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Services that run as somebody else than whoever rotates must still be able to read it.
    chownSync(draft, uid, gid);
    renameSync(draft, path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new KeyFileError(
        `${draft} is there: another rotation is under way, or broke off and left it; remove it then`,
      );
    rmSync(draft, { force: true });
    throw new KeyFileError(`the token key file ${path} can't be replaced: ${message}`);
  }
  return rotated;
}
