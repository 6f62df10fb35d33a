import { createHash } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { PlainError } from './plain-error.ts';

/** The folder of the data, held by one process at a time. */
export type DataFolder = {
  readonly path: string;
  /** Lets another process have it. */
  release(): Promise<void>;
};

/** Longest path of a unix socket that every system takes, in bytes. */
const mostSocketPath = 100;

/**
 * Makes the folder if it isn't there and takes it. Throws a PlainError when it can't be used or another process has it.
 * A socket is the lock: the system lets go of it when its holder dies, however that happens.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new PlainError(
      `The data folder ${path} can't be used (${(error as NodeJS.ErrnoException).code}): make it a folder that you may read and write, or name another one with ROOMSTREAM_LOCAL_FOLDER.`,
    );
  }
  refuseForeignFiles(path);
  const lock = await takeLock(path);
  const release = async () => {
    await new Promise<void>((resolve) => lock.close(() => resolve()));
    const socketFolder = dirname(socketPathIn(path, 'lock.sock'));
    if (socketFolder !== path) rmSync(socketFolder, { recursive: true, force: true });
  };
  return { path, release };
}

/** What Roomstream makes in the folder, but for the logs, which may be many; whatever else lies there isn't looked at. */
const ownFiles = ['credentials.json', 'token.keys', 'running.json', 'redis.log', 'redis'];

/** What root made when it started Roomstream once can't be used by somebody else; each part would say so in its own way. */
function refuseForeignFiles(folder: string): void {
  const foreign = ownFiles
    .flatMap((name) => withContents(join(folder, name)))
    .find((path) => !isUsable(path));
  if (foreign === undefined) return;
  throw new PlainError(
    `You may not read and write ${foreign}: give the folder to yourself (sudo chown -R "$(id -un)" '${folder}'), or name another one with ROOMSTREAM_LOCAL_FOLDER.`,
  );
}

function withContents(path: string): string[] {
  const isFolder = isUsable(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? [path, ...readdirSync(path).flatMap((name) => withContents(join(path, name)))] : [path];
}

/** Absent files will be made. */
function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function takeLock(path: string): Promise<Server> {
  const socketPath = socketPathIn(path, 'lock.sock');
  const lock = await listen(socketPath);
  if (lock !== undefined) return lock;
  if (await answers(socketPath)) throw inUse(path);
  // Its holder was killed.
  rmSync(socketPath, { force: true });
  const second = await listen(socketPath);
  if (second === undefined) throw inUse(path);
  return second;
}

function inUse(path: string): PlainError {
  return new PlainError(
    `Roomstream is already running on the data folder ${path}: stop that one first, or name another folder with ROOMSTREAM_LOCAL_FOLDER.`,
  );
}

function listen(socketPath: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new PlainError(`The data folder can't be locked: ${error.message}.`));
    });
    server.listen(socketPath, () => resolve(server.unref()));
  });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Path of a unix socket that belongs to a data folder: in it, or in a folder of the user's own under the system's
 * temporary one when that path would be too long for a socket (107 bytes on Linux, 103 on macOS).
 */
export function socketPathIn(folder: string, name: string): string {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= mostSocketPath) return path;
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const stand = join(tmpdir(), `roomstream-${digest}`);
  mkdirSync(stand, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(stand);
  if (uid !== userInfo().uid || (mode & 0o077) !== 0)
    throw new PlainError(
      `${stand} belongs to somebody else: remove it, or use a data folder with a shorter path.`,
    );
  return join(stand, name);
}
