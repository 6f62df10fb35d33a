/**
 * Collects what one turn of the event loop asks for, and hands it over together: a command to Redis costs this process
 * more than what it carries.
 */
export class TurnBatch<T> {
  readonly #send: (batch: readonly T[]) => void;
  readonly #most: number;
  readonly #laneOf: ((item: T) => string) | undefined;
  #items: T[] = [];
  #turn: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  /**
   * `send` gets at most `most` items a call, in their order, and must not throw. With `laneOf` only items of one lane
   * go together: what is on different slots of a Redis Cluster can't share a script.
   */
  constructor(most: number, send: (batch: readonly T[]) => void, laneOf?: (item: T) => string) {
    this.#most = most;
    this.#send = send;
    this.#laneOf = laneOf;
  }

  /** Sends it with the others of this turn. */
  add(item: T): void {
    this.#items.push(item);
    this.#turn ??= setImmediate(this.#flush);
  }

  /** Sends it with what the next turn adds that adds something, or after `ms`. */
  addLater(item: T, ms: number): void {
    this.#items.push(item);
    if (this.#turn === undefined) this.#later ??= setTimeout(this.#flush, ms);
  }

  /** Sends all that waits, now. */
  flush(): void {
    this.#flush();
  }

  readonly #flush = (): void => {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    clearTimeout(this.#later);
    this.#turn = undefined;
    this.#later = undefined;
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    if (this.#laneOf === undefined) this.#sendParts(items);
    else for (const lane of byLane(items, this.#laneOf)) this.#sendParts(lane);
  };

  #sendParts(items: readonly T[]): void {
    if (items.length <= this.#most) this.#send(items);
    else
      for (let from = 0; from < items.length; from += this.#most)
        this.#send(items.slice(from, from + this.#most));
  }
}

function byLane<T>(items: readonly T[], laneOf: (item: T) => string): Iterable<readonly T[]> {
  const lanes = new Map<string, T[]>();
  for (const item of items) {
    const name = laneOf(item);
    const lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, [item]);
    else lane.push(item);
  }
  return lanes.values();
}
