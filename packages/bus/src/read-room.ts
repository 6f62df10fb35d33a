import type { Received } from './entry.ts';
import type { GapReason } from './judge.ts';
import type { Position } from './position.ts';
import type { Standing } from './standing.ts';

/** Which frames of a room are wanted. */
export type RoomRange = {
  /**
   * Only what stands behind it; it is judged. undefined: from the stream's beginning on. When the verdict is `ids-went-back`,
   * frames from up to 10 s before it are there as well: what was missed may have got lower ids than what was not.
   */
  readonly after: Standing | undefined;
  /** Only up to this place, inclusive; undefined: the stream's end. */
  readonly through: Position | undefined;
  /** Of more frames than these, the newest are returned. */
  readonly mostFrames: number;
  /** Of more bytes than these, counted over the bodies, the newest frames that fit. */
  readonly mostBytes: number;
  /** Whether what the bounds leave out is counted: the scan goes on to `after`. false: it stops. */
  readonly countsRest: boolean;
};

/** Frames of a room, as its shard's stream has them. */
export type RoomPart = {
  /** In the order of the stream. */
  readonly frames: readonly Received[];
  /** Frames of the range that the bounds left out, as far as counted. */
  readonly omitted: number;
  /** The scan reached `after`, or the beginning; false when it hit the cap of entries scanned, or stopped early. */
  readonly isComplete: boolean;
  /** Where a scan that isn't complete has ended: older frames stand before it, or before the oldest of `frames` when some were left out. */
  readonly scannedTo: Position | undefined;
  /** `sound`, or why what stood behind `after` may be gone. */
  readonly verdict: 'sound' | GapReason;
};
