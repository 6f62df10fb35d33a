import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs `act` while no other process of this folder does: an installation takes the folder away from under another.
 * `say` gets a line when there is somebody to wait for. The lock is a file with the ids of those who hold it; it counts
 * for as long as one of them lives, so that a killed start doesn't leave its npm behind to be disturbed.
 */
export async function whileAlone(file, say, act) {
  const isHeld = await take(file, say);
  try {
    return await act((pid) => isHeld && writeFileSync(file, `${process.pid}\n${pid}\n`));
  } finally {
    if (isHeld) rmSync(file, { force: true });
  }
}

/** False where nothing can be written: then nothing can be installed either, and nobody is disturbed. */
async function take(file, say) {
  for (let hasSaid = false; ; ) {
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
      return true;
    } catch (error) {
      if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS') return false;
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = await livingHolder(file);
    if (holder === undefined) rmSync(file, { force: true });
    else if (!hasSaid) {
      say(
        `Another start is setting this folder up; waiting for process ${holder} (if that is none of Roomstream's, remove ${file})…`,
      );
      hasSaid = true;
    }
    await delay(200);
  }
}

/** Looks twice: between its making and its writing the file is empty. */
async function livingHolder(file) {
  // A process of ours that was killed may have had the id that this one has now: in containers they repeat.
  const look = () => read(file).find((pid) => pid !== process.pid && isAlive(pid));
  const holder = look();
  if (holder !== undefined) return holder;
  await delay(100);
  return look();
}

function read(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user, but there.
    return error.code === 'EPERM';
  }
}
