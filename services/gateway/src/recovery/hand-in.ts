import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep } from '@roomstream/runtime/backoff';
import type { Session } from '../session.ts';
import type { Transport } from '../transport.ts';
import type { Arrival } from './arrival.ts';
import type { Recovery } from './recovery.ts';

/** What handing in needs. */
export type HandInParts = {
  readonly transport: Pick<Transport, 'sendSome' | 'drop'>;
  readonly recovery: Pick<Recovery, 'replayed'>;
  /** Lets an open connection have what is said from now on. */
  readonly listen: (session: Session) => void;
  /** Counts a frame as delivered. */
  readonly delivered: (frame: Buffer) => void;
};

/** Until a slow reader is sent more: longer each time. */
const leastPauseMs = 20;
const mostPauseMs = 250;

/** Who hasn't read what he is owed by then is dropped, as slow readers are; he comes back. */
const patienceMs = 30_000;

/**
 * Sends an open connection what it is owed, and lets it listen in the very turn in which nothing of it is left: so
 * nothing is missing, doubled or out of order between the two. A connection that reads slowly gets it in parts; what
 * the room says meanwhile waits behind it.
 */
export async function handIn(parts: HandInParts, session: Session, arrival: Arrival): Promise<void> {
  const { transport, recovery, listen } = parts;
  // Corking in the turn of the upgrade makes the library write to memory that the upgrade has freed (upgrades.ts).
  await nextTurn();
  const deadline = performance.now() + patienceMs;
  let owed = arrival.choose();
  for (;;) {
    if (!(await sendAll(parts, session, owed.frames, deadline))) break;
    const more = arrival.since(owed.appended);
    if (more.frames.length === 0) {
      listen(session);
      recovery.replayed(session, owed.through);
      return;
    }
    owed = more;
  }
  transport.drop(session);
}

/** False when the connection is gone, or too slow. It awaits only when the connection is slow. */
async function sendAll(
  { transport, delivered }: HandInParts,
  session: Session,
  frames: readonly Buffer[],
  deadline: number,
): Promise<boolean> {
  let next = 0;
  for (let pauseMs = leastPauseMs; ; pauseMs = Math.min(2 * pauseMs, mostPauseMs)) {
    if (session.socket === undefined) return false;
    const from = next;
    next = transport.sendSome(session, frames, from);
    for (let i = from; i < next; i++) delivered(frames[i] as Buffer);
    if (next === frames.length) return true;
    if (performance.now() > deadline) return false;
    await sleep(pauseMs);
  }
}
