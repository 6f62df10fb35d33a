/** A repeatable source of chance: the same seed gives the same run. */
export type Random = {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** One of the given. */
  pick<T>(choices: readonly T[]): T;
  /** Bytes, none of them meant. */
  bytes(length: number): Buffer;
  /** Text of `length` code points from all over Unicode, valid as UTF-8. */
  text(length: number): string;
};

/** mulberry32: small, fast, and good enough to choose test cases. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return {
    below,
    pick: (choices) => {
      const chosen = choices[below(choices.length)];
      if (chosen === undefined) throw new Error('nothing to pick from');
      return chosen;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
    text: (length) => Array.from({ length }, () => String.fromCodePoint(codePoint(below))).join(''),
  };
}

function codePoint(below: (limit: number) => number): number {
  switch (below(4)) {
    case 0:
      return below(0x20);
    case 1:
      return 0x20 + below(0x60);
    case 2:
      // Below the surrogates, which aren't characters.
      return below(0xd800);
    default:
      return 0xe000 + below(0x110000 - 0xe000);
  }
}
