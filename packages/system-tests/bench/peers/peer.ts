import type { Dialect, Target } from '../generator.ts';

/** A chat server to measure. */
export type Peer = {
  /** Word on the command line, and column of the table. */
  readonly name: string;
  /** What it is, with its version and number of processes. */
  readonly about: string;
  /** Why it can't run here; undefined when it can. */
  readonly missing?: string;
  start(): Promise<RunningPeer>;
};

/** A peer with its Redis, started for one measurement. */
export type RunningPeer = {
  readonly dialect: Dialect;
  /** What clients connect to, one for each server process. */
  readonly targets: readonly Target[];
  /** Processes that hold connections, in the order of the targets. */
  readonly servers: readonly number[];
  /** Further processes of the peer, whose CPU counts too. */
  readonly others: readonly number[];
  /** Port of its Redis; undefined when it has none. */
  readonly redisPort: number | undefined;
  /** Bytes of content with which a delivered frame has about 290 bytes, like the other peers'. */
  readonly contentBytes: number;
  /** Makes rooms 0 to count - 1, where rooms must be made. */
  makeRooms(count: number): Promise<void>;
  /** Tokens for connections of users, in their order; undefined where connections need none. */
  readonly mint: ((orders: readonly TokenOrder[]) => Promise<readonly string[]>) | undefined;
  stop(): Promise<void>;
};

/** Whose token, for which room (its number). */
export type TokenOrder = { readonly room: number; readonly user: string };

/** Bytes of a delivered frame, about. */
export const frameBytes = 290;
