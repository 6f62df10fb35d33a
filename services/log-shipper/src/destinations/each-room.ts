import { setMaxListeners } from 'node:events';
import type { FailureReason, RoomOutcome, RoomRecords, Taken } from '../log-destination.ts';
import { untilAborted } from './until-aborted.ts';

/** How the rooms of a batch are delivered. */
export type EachRoom = {
  /** Rooms under way at once at most. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  /**
   * Delivers one room; resolves with the number of records that were refused for good. Where a room takes several requests
   * it tells what is through, so that only the rest comes again.
   */
  readonly deliver: (room: RoomRecords, onTaken: (taken: Taken) => void) => Promise<number>;
  readonly reasonOf: (err: unknown) => FailureReason;
};

type Failed = { readonly kind: 'failed'; readonly reason: FailureReason; readonly err: unknown };

/**
 * Delivers room by room, some at once; one outcome per room, in order. Never rejects. Once as many as are under way have
 * failed and not one was delivered, the destination is taken to be down: the other rooms share the last failure unasked.
 */
export async function eachRoom(rooms: readonly RoomRecords[], way: EachRoom): Promise<RoomOutcome[]> {
  // Each room under way listens more than once; Node would take that for a leak.
  setMaxListeners(0, way.signal);
  const outcomes: RoomOutcome[] = [];
  let delivered = 0;
  let failed = 0;
  let last: Failed | undefined;
  let next = 0;
  const work = async () => {
    for (let at = next++; ; at = next++) {
      const room = rooms[at];
      if (room === undefined) return;
      const isDown = delivered === 0 && failed >= way.atOnce;
      const outcome = (isDown ? last : undefined) ?? (await deliverOne(room, way));
      outcomes[at] = outcome;
      if (outcome.kind === 'delivered') delivered++;
      else {
        failed++;
        last = { kind: 'failed', reason: outcome.reason, err: outcome.err };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(way.atOnce, rooms.length) }, work));
  return outcomes;
}

async function deliverOne(room: RoomRecords, way: EachRoom): Promise<RoomOutcome> {
  if (way.signal.aborted) return { kind: 'failed', reason: 'timeout', err: way.signal.reason };
  let known: { taken?: Taken } = {};
  const onTaken = (taken: Taken) => {
    known = { taken };
  };
  try {
    return { kind: 'delivered', rejected: await untilAborted(way.signal, way.deliver(room, onTaken)) };
  } catch (err) {
    return { kind: 'failed', reason: way.signal.aborted ? 'timeout' : way.reasonOf(err), err, ...known };
  }
}
