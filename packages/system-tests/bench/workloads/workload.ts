import type { Figure } from '../measure.ts';
import type { RunningPeer } from '../peers/peer.ts';

/** What is asked of every peer in the same way. */
export type Workload = {
  /** Word on the command line. */
  readonly name: string;
  readonly about: string;
  /** Only Roomstream has what this measures. */
  readonly isOursAlone?: boolean;
  /** Runs on a peer that was started for it; `seconds` is how long a steady load lasts. */
  run(peer: RunningPeer, seconds: number): Promise<readonly Figure[]>;
};
