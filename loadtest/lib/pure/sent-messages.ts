import type { Mark } from './mark.ts';
import { mostRefused } from './mark.ts';

/** What came of a sent message. */
export type Settled = 'confirmed' | 'refused';

/** The numbers of one sender: which are under way, and what the next message has to tell of the earlier ones. */
export class SentMessages {
  readonly #sender: string;
  readonly #underWay = new Map<number, number>();
  #refused: number[] = [];
  #next = 1;
  #begunMs = 0;

  constructor(sender: string) {
    this.#sender = sender;
  }

  /** The mark of the next message, which is under way from now on. */
  next(nowMs: number, step = '', isLast = false): Mark {
    const number = this.#next++;
    if (number === 1) this.#begunMs = nowMs;
    const [first = number] = this.#underWay.keys();
    this.#underWay.set(number, nowMs);
    return {
      sender: this.#sender,
      number,
      sentMs: nowMs,
      begunMs: this.#begunMs,
      settled: first - 1,
      refused: [...this.#refused],
      isLast,
      step,
    };
  }

  /** A message has come back, or its ERROR. Returns when it was sent; undefined when it wasn't under way. */
  settle(number: number, outcome: Settled): number | undefined {
    const sentMs = this.#underWay.get(number);
    if (sentMs === undefined) return undefined;
    this.#underWay.delete(number);
    if (outcome === 'refused') this.#refused = [...this.#refused, number].slice(-mostRefused);
    return sentMs;
  }

  /** How many are under way. */
  underWay(): number {
    return this.#underWay.size;
  }
}
