import type { Position } from '@roomstream/bus/position';
import type { Standing } from '@roomstream/bus/standing';
import type { HeldTail } from './tails.ts';

/** What a connection that is about to open is owed before it gets what comes live. */
export type Arrival = {
  readonly held: HeldTail;
  /** Chooses what is sent of the tail, once the connection is open. */
  choose(): Owed;
  /** What has come since `appended`. */
  since(appended: number): Owed;
  /** From there on it is owed everything. */
  readonly certain: Standing;
  /** Its client may have forgotten the Ids of what is older: milliseconds of Redis time. */
  readonly knownSinceMs: number;
  /** The records that go when its own is written, with a space between them. */
  readonly returnedFrom: string | undefined;
};

/** What is sent before live frames. */
export type Owed = {
  /** In order. */
  readonly frames: readonly Buffer[];
  /** So many had come to the tail by then. */
  readonly appended: number;
  /** Where the last frame of the tail stands. */
  readonly through: Position;
};
