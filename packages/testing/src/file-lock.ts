import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A lock that nobody has renewed for this long belongs to a process that is gone. */
const staleMs = 30_000;

/** Runs `work` while no other process does. The holder touches the lock, so that a dead one's is recognised. */
export async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  while (!tryLock(lock)) await delay(200);
  const renewal = setInterval(() => writeFileSync(lock, `${process.pid}`), staleMs / 10);
  try {
    await work();
  } finally {
    clearInterval(renewal);
    rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    removeStale(lock);
    return false;
  }
}

/** Renamed before it is removed: of several that see a stale lock, one takes it away, and never a new one by mistake. */
function removeStale(lock: string): void {
  const status = statSync(lock, { throwIfNoEntry: false });
  if (status === undefined || Date.now() - status.mtimeMs < staleMs) return;
  const grave = `${lock}.${process.pid}`;
  try {
    renameSync(lock, grave);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return;
  }
  rmSync(grave, { force: true });
}
