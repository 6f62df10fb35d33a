import type { Mark } from './mark.ts';

/** What one message has told: 0 or more of each. */
export type Finding = { readonly missing: number; readonly doubles: number; readonly isLate: boolean };

type Seen = { last: number; checked: number; readonly received: Set<number>; hasEnded: boolean };

/**
 * Judges what one connection receives: each message of a sender once and in order, from the first one that it must get.
 * A message is missing when a later one says that its sender had seen it, and it hasn't come: a room has one order. So
 * refused messages count for nothing, and what is under way when a connection ends isn't judged.
 */
export class DeliveryLedger {
  readonly #senders = new Map<string, Seen>();
  readonly #openedMs: number;

  /** `openedMs`: when the connection was open, by the clock of the senders. */
  constructor(openedMs: number) {
    this.#openedMs = openedMs;
  }

  /** Takes a message in. */
  record(mark: Mark): Finding {
    const seen = this.#senders.get(mark.sender) ?? this.#begin(mark);
    const { number } = mark;
    if (number <= seen.checked || seen.received.has(number)) return { missing: 0, doubles: 1, isLate: false };
    seen.received.add(number);
    const isLate = number < seen.last;
    seen.last = Math.max(seen.last, number);
    if (mark.isLast) seen.hasEnded = true;
    return { missing: settle(seen, mark), doubles: 0, isLate };
  }

  /** How many senders have sent their last message, and it came. */
  ended(): number {
    return [...this.#senders.values()].filter((seen) => seen.hasEnded).length;
  }

  #begin(mark: Mark): Seen {
    // Of a sender that began when this connection was open everything must come, otherwise what follows this message.
    const first = mark.begunMs > this.#openedMs ? 1 : mark.number;
    const seen: Seen = { last: 0, checked: first - 1, received: new Set(), hasEnded: false };
    this.#senders.set(mark.sender, seen);
    return seen;
  }
}

/** Goes through the numbers that are settled by now; returns how many of them are missing. */
function settle(seen: Seen, { settled, refused, number }: Mark): number {
  let missing = 0;
  while (seen.checked < Math.min(settled, number - 1)) {
    seen.checked += 1;
    if (!seen.received.delete(seen.checked) && !refused.includes(seen.checked)) missing += 1;
  }
  return missing;
}
