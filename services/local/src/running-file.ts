import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NotedLogFolders } from './log-folders.ts';
import { PlainError } from './plain-error.ts';

/** What a running local instance tells the other commands: where it is, how to sign, where logs go. */
export type Running = {
  readonly region: string;
  readonly account: string;
  /** `http://127.0.0.1:8080` */
  readonly controlPlaneUrl: string;
  /** `ws://127.0.0.1:8081` */
  readonly gatewayUrl: string;
  /** `http://127.0.0.1:8090` */
  readonly adminUrl: string;
  /** Absent where the credentials come from a file of the user's own. */
  readonly key?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Buckets of logging configurations that are folders of this machine. */
  readonly logFolders: NotedLogFolders;
  /** The logging configuration of its own and the folder that it leads to; absent where it made none. */
  readonly chatLogs?: { readonly arn: string; readonly folder: string };
};

const pathIn = (folder: string) => join(folder, 'running.json');

/** Leaves the note, for its owner alone. */
export function writeRunning(folder: string, running: Running): void {
  writeFileSync(pathIn(folder), `${JSON.stringify(running, undefined, 2)}\n`, { mode: 0o600 });
}

/** The note of the instance that runs on the folder, if one does. Throws a PlainError when it can't be read. */
export function readRunning(folder: string): Running | undefined {
  const path = pathIn(folder);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Running;
  } catch (error) {
    throw new PlainError(
      `${path} can't be read (${(error as Error).message}): stop npm start and start it again.`,
    );
  }
}

/** Takes the note away when the instance stops. */
export function removeRunning(folder: string): void {
  rmSync(pathIn(folder), { force: true });
}
