import { isBefore, justBefore, type Position } from './position.ts';
import { readPush } from './push.ts';

/** Bytes that are held; beyond, pushes are read from the stream instead. */
const mostBytes = 1024 * 1024;

/** Pushes that came while their shard was catching up. */
export class HeldPushes {
  /** Some were let go since this was last set to false: the stream has to be read once more. */
  hasOverflowed = false;
  #pushes: Buffer[] = [];
  #bytes = 0;

  add(push: Buffer): void {
    this.#bytes += push.length;
    if (this.#bytes > mostBytes) {
      this.takeAll();
      this.hasOverflowed = true;
    } else {
      this.#pushes.push(push);
    }
  }

  /** All of them, in order; none are held any more. */
  takeAll(): Buffer[] {
    const pushes = this.#pushes;
    this.#pushes = [];
    this.#bytes = 0;
    return pushes;
  }

  /** `position`, or an earlier one that lies before every entry held. */
  positionBefore(position: Position): Position {
    let least = position;
    for (const push of this.#pushes) {
      readPush(push, (ms, seq) => {
        if (!isBefore(least, { ms, seq })) least = justBefore({ ms, seq });
      });
    }
    return least;
  }
}
