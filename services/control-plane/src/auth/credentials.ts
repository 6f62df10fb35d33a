import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Log } from '@roomstream/runtime/log';
import { startLoop } from '@roomstream/runtime/loop';
import type { AccessKey } from './access-key.ts';
import { readCredentialsFile } from './credentials-file.ts';
import { compilePolicy } from './policy.ts';

export type { AccessKey, Caller } from './access-key.ts';

/** The access keys that are known now. */
export type Credentials = {
  find(accessKeyId: string): AccessKey | undefined;
  /** Stops watching the file. */
  close(): Promise<void>;
};

/** How soon a changed file counts. */
const pollMs = 1_000;

/**
 * Reads the credentials file (JSON) and watches it; a changed file counts within about a second. A broken one is
 * refused and logged, the previous stays. Throws when the file is unreadable or broken at the start.
 */
export function openCredentials(file: string, log: Log): Credentials {
  let seen = readFileSync(file);
  const first = readCredentialsFile(seen.toString());
  if (first.kind === 'refused') {
    throw new Error(
      `The credentials file ${file} is refused:\n${first.faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  }
  let accessKeys = first.accessKeys;
  log.info({ file, accessKeys: accessKeys.size }, 'credentials file read');
  const reread = async () => {
    const bytes = await readFile(file);
    if (bytes.equals(seen)) return;
    seen = bytes;
    const next = readCredentialsFile(bytes.toString());
    if (next.kind === 'refused') {
      log.error({ file, faults: next.faults }, 'credentials file refused; the previous one stays in force');
      return;
    }
    accessKeys = next.accessKeys;
    log.info({ file, accessKeys: accessKeys.size }, 'credentials file read');
  };
  // The whole file, not its time or inode: Kubernetes swaps a symlink, file events don't follow it, and times are too
  // coarse to tell two writes of one tick apart.
  const loop = startLoop('reading the credentials file', pollMs, reread, log);
  return { find: (accessKeyId) => accessKeys.get(accessKeyId), close: () => loop.stop() };
}

/** One access key with every permission: for a single machine. */
export function localCredentials(accessKeyId: string, secretAccessKey: string, account: string): Credentials {
  const user = 'local';
  const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
  const policies = [compilePolicy(everything, user, 'local', refuse)];
  const accessKey: AccessKey = {
    secretAccessKey,
    sessionToken: undefined,
    expiresMs: undefined,
    caller: { account, user, accessKeyId, policies },
  };
  return {
    find: (id) => (id === accessKeyId ? accessKey : undefined),
    close: () => Promise.resolve(),
  };
}

function refuse(where: string, what: string): never {
  throw new Error(`${where}: ${what}`);
}
