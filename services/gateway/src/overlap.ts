import { sleep } from '@roomstream/runtime/backoff';
import type { LocalRoom } from './rooms.ts';

/** What a room says while a connection that will get it waits to be opened. */
export type Overlap = {
  /** Frames in their order; it grows until `end`. */
  readonly frames: readonly Buffer[];
  /** Stops keeping frames. */
  end(): void;
};

/**
 * Keeps a room's frames for `ms` and longer, until `end`. For a refresh: the stock client opens its next connection,
 * and in the very turn in which it sees it open closes the old one with what it hasn't read there. A frame that was
 * sent right before the new connection opened would be lost, because an opening can overtake it on its way; so the
 * new one opens a little later, and brings what was said meanwhile. The client drops by `Id` what it has already.
 */
export async function keepOverlap(room: LocalRoom, ms: number): Promise<Overlap> {
  const frames: Buffer[] = [];
  room.overlaps ??= new Set();
  room.overlaps.add(frames);
  await sleep(ms);
  return {
    frames,
    end: () => {
      room.overlaps?.delete(frames);
      if (room.overlaps?.size === 0) room.overlaps = undefined;
    },
  };
}
