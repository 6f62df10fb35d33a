import type { Environment } from '@roomstream/runtime/settings';

/** Where a command finds and says things: data go to `print`, talk goes to `note`. */
export type Surface = {
  /** stdout: what was asked for, and nothing else. Resolves false when nobody reads any more. */
  print(text: string): Promise<boolean>;
  /** stderr: progress, warnings, faults; one line. */
  note(line: string): void;
  readonly environment: Environment;
};

/** Exit statuses: 0 done and all well, 1 something is wrong, 2 the command line or a setting is. */
export type Status = 0 | 1 | 2;

/** A command. */
export type Command = {
  /** What `--help` prints. */
  readonly usage: string;
  /** `words` is what follows the name. Throws a UsageError, a SettingsError or a Failure. */
  run(words: readonly string[], surface: Surface): Promise<Status>;
};

/** A command as the overview lists it; it is loaded when it is asked for, for some need much. */
export type Listed = {
  /** As it is typed: `check-config`, `keys rotate`. */
  readonly name: string;
  /** One line. */
  readonly about: string;
  load(): Promise<Command>;
};

/** The command line is wrong; exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It can't be done, said in one sentence with what to do about it; exit status 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
}
