import { isBefore, justBefore, type Position } from './position.ts';
import { headerBytes, pushedLength, pushedMs, pushedSeq } from './push.ts';

/** Bytes that are held; beyond, pushes are read from the stream instead. */
const mostBytes = 1024 * 1024;

/** Pushes that came while their shard was catching up. */
export class HeldPushes {
  /** Some were let go since this was last set to false: the stream has to be read once more. */
  hasOverflowed = false;
  #pushes: Buffer[] = [];
  #bytes = 0;

  /** Holds a copy: what a push arrived with is much larger. */
  add(push: Buffer): void {
    this.#bytes += push.length;
    if (this.#bytes > mostBytes) {
      this.takeAll();
      this.hasOverflowed = true;
    } else {
      this.#pushes.push(Buffer.from(push));
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
      for (let at = 0; at + headerBytes <= push.length; at += headerBytes + pushedLength(push, at)) {
        const position = { ms: pushedMs(push, at), seq: pushedSeq(push, at) };
        if (!isBefore(least, position)) least = justBefore(position);
      }
    }
    return least;
  }
}
