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
