import { isBefore, type Position } from '@roomstream/bus/position';
import type { Standing } from '@roomstream/bus/standing';
import type { LocalRoom } from '../session.ts';
import { type ReadBack, RoomTail, type TailBounds } from './room-tail.ts';

/** What tails are made with. */
export type TailParts = {
  readonly standingOf: (room: string) => Standing | undefined;
  readonly readBack: (room: string) => ReadBack;
  readonly bounds: TailBounds;
};

/** A tail that nobody needs any more is kept for this long: those who come back do so together. */
const lingerMs = 2_000;

/** One this old is only for those who have it: else where people come all the time it would grow for ever. */
const sharedMs = 5_000;

/** A hold on a room's tail. */
export type HeldTail = { readonly tail: RoomTail; release(): void };

/** The tails of rooms: each begins with the first who needs it, and ends with the last, or a little later. */
export class Tails {
  readonly #parts: TailParts;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: TailParts) {
    this.#parts = parts;
  }

  /** Holds the room's tail; undefined while the bus doesn't say where it stands. */
  hold(room: LocalRoom): HeldTail | undefined {
    const tail = room.tails.find(isShared) ?? this.#begin(room);
    if (tail === undefined) return undefined;
    tail.holders++;
    let isHeld = true;
    return {
      tail,
      release: () => {
        if (isHeld) this.#release(room, tail);
        isHeld = false;
      },
    };
  }

  /** Ends timers. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #begin(room: LocalRoom): RoomTail | undefined {
    const start = this.#parts.standingOf(room.id);
    if (start === undefined) return undefined;
    const tail = new RoomTail(
      laterOf(start.position, room.lastFrame),
      this.#parts.readBack(room.id),
      this.#parts.bounds,
    );
    room.tails = [...room.tails, tail];
    return tail;
  }

  #release(room: LocalRoom, tail: RoomTail): void {
    if (--tail.holders > 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (tail.holders === 0) room.tails = room.tails.filter((other) => other !== tail);
    }, lingerMs);
    this.#timers.add(timer);
  }
}

function isShared(tail: RoomTail): boolean {
  return !tail.isBroken && performance.now() - tail.beganMs < sharedMs;
}

/** While its shard catches up a room has had frames that stand behind where the reader is said to be. */
function laterOf(a: Position, b: Position): Position {
  return isBefore(a, b) ? b : a;
}
