import type { FailureReason, LogDestination, RoomOutcome } from './log-destination.ts';
import type { Batch } from './read-batch.ts';

/** What became of a batch. */
export type Delivery = {
  /** Rooms that have theirs now, wholly or from the first on: the entry id of the last record that they have. */
  readonly delivered: ReadonlyMap<string, string>;
  /** Records that the destination has refused for good. */
  readonly rejected: number;
  /** One for each room that hasn't. */
  readonly failures: readonly { readonly reason: FailureReason; readonly err: unknown }[];
};

/** A destination that doesn't end when it is told to is left alone after this long. */
const graceMs = 5_000;

/** Delivers a batch within a time limit; `abort` ends it before. Never rejects, and always ends. */
export async function deliver(
  destination: LogDestination,
  batch: Batch,
  windowStartMs: number,
  limitMs: number,
  abort: AbortController,
): Promise<Delivery> {
  const limit = setTimeout(() => abort.abort(new Error(`not done after ${limitMs} ms`)), limitMs);
  let grace: NodeJS.Timeout | undefined;
  const abandoned = new Promise<undefined>((resolve) => {
    const leave = () => {
      grace = setTimeout(() => resolve(undefined), graceMs);
    };
    if (abort.signal.aborted) leave();
    else abort.signal.addEventListener('abort', leave);
  });
  try {
    const delivery = destination.deliver(batch.rooms, windowStartMs, abort.signal);
    const outcomes = await Promise.race([delivery, abandoned]);
    if (outcomes !== undefined) return summary(batch, outcomes);
    return failure(batch, 'timeout', new Error('the destination has not ended'));
  } catch (err) {
    // It must not; but a fault in one destination is no reason to stop shipping to the others.
    return failure(batch, 'error', err);
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
  }
}

function summary({ rooms }: Batch, outcomes: readonly RoomOutcome[]): Delivery {
  const delivered = new Map<string, string>();
  const failures: { reason: FailureReason; err: unknown }[] = [];
  let rejected = 0;
  for (const [i, { room, records }] of rooms.entries()) {
    const outcome = outcomes[i] ?? missing;
    if (outcome.kind === 'failed') failures.push(outcome);
    const taken =
      outcome.kind === 'failed'
        ? outcome.taken
        : { through: records.at(-1)?.entryId ?? '', rejected: outcome.rejected };
    if (taken === undefined) continue;
    delivered.set(room, taken.through);
    rejected += Math.min(taken.rejected, records.length);
  }
  return { delivered, rejected, failures };
}

const missing: RoomOutcome = {
  kind: 'failed',
  reason: 'error',
  err: new Error('the destination told no outcome'),
};

function failure({ rooms }: Batch, reason: FailureReason, err: unknown): Delivery {
  return { delivered: new Map(), rejected: 0, failures: rooms.map(() => ({ reason, err })) };
}
