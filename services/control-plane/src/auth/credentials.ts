import type { Log } from '@roomstream/runtime/log';
import type { Policy } from './policy.ts';

/** Who calls, as its access key says. */
export type Caller = {
  /** Twelve digits. */
  readonly account: string;
  readonly user: string;
  readonly accessKeyId: string;
  readonly policies: readonly Policy[];
};

/** An access key and whose it is. */
export type AccessKey = {
  readonly secretAccessKey: string;
  /** Temporary credentials carry one, and every request must send it. */
  readonly sessionToken: string | undefined;
  /** Milliseconds since the epoch; undefined: never. */
  readonly expiresMs: number | undefined;
  readonly caller: Caller;
};

/** The access keys that are known now. */
export type Credentials = {
  find(accessKeyId: string): AccessKey | undefined;
  /** Stops watching the file. */
  close(): Promise<void>;
};

/**
 * Reads the credentials file (JSON) and watches it; a changed file counts within about a second. A broken one is
 * refused and logged, the previous stays. Throws when the file is unreadable or broken at the start.
 */
export function openCredentials(_file: string, _log: Log): Credentials {
  throw new Error('to come');
}

/** One access key with every permission: for a single machine. */
export function localCredentials(
  _accessKeyId: string,
  _secretAccessKey: string,
  _account: string,
): Credentials {
  throw new Error('to come');
}
