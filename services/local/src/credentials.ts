import { writeFileSync } from 'node:fs';
import { PlainError } from './plain-error.ts';
import { isLoopback } from './ports.ts';

/** The one access key of a local run. */
export type LocalKey = {
  readonly account: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** Writes the credentials file of a local run, for its owner alone: one key that may do everything in its account. */
export function writeCredentials(file: string, { account, accessKeyId, secretAccessKey }: LocalKey): void {
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const user = { accessKeys: [{ accessKeyId, secretAccessKey }], policies: [policy] };
  const content = { accounts: { [account]: { users: { [accessKeyId]: user } } } };
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
}

/** Throws a PlainError when a secret that everybody knows would be reachable from other machines. */
export function refuseOpenDoor(secretAccessKey: string, hosts: readonly string[]): void {
  const open = hosts.find((host) => !isLoopback(host));
  if (secretAccessKey !== 'test' || open === undefined) return;
  throw new PlainError(
    `With the secret "test" Roomstream listens on loopback only, not on ${open}: set ROOMSTREAM_LOCAL_SECRET_ACCESS_KEY (or ROOMSTREAM_CREDENTIALS_FILE) to one of your own.`,
  );
}
