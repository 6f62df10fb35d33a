import { payloadOf } from './logged-lines.ts';
import type { LoggedPlace } from './logged-place.ts';

/** When a message was sent, and how much later its record was there. */
export type LoggedDelay = { readonly sentMs: number; readonly delayMs: number };

/** The delays of all records in a place, as the service tells them; doubles count once. */
export async function readDelays(place: LoggedPlace): Promise<readonly LoggedDelay[]> {
  const first = new Map<string, LoggedDelay>();
  for (const { line, atMs } of await place.arrivals()) {
    const { Id, SendTime = '' } = payloadOf(line);
    const sentMs = Date.parse(SendTime);
    const delayMs = Math.max(0, atMs - sentMs);
    if ((first.get(Id)?.delayMs ?? Number.POSITIVE_INFINITY) > delayMs) first.set(Id, { sentMs, delayMs });
  }
  return [...first.values()];
}
