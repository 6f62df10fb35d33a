/** Where batches of a queue are cut. */
export type CutRule = {
  /** Length of a window in milliseconds: no batch goes over the end of one. Undefined: time doesn't cut. */
  readonly windowMs: number | undefined;
  /** Entries of a batch at most. */
  readonly records: number;
  /** Bytes of a batch at most, of `entryBytes`; an entry that is larger is a batch of its own. */
  readonly bytes: number;
};

/** What a record takes beside its frame, in its line and as an object. */
const bytesBesideFrame = 128;

/** What an entry counts for: no less than the line that it becomes. */
export function entryBytes(frame: Buffer): number {
  return frame.length + bytesBesideFrame;
}

/** More than any entry counts for, by the limits of the wire: all texts at their longest, each character escaped. */
export const mostEntryBytes = 32 * 1024;

/** Start of the window that a time falls in. */
export function windowOf(ms: number, windowMs: number): number {
  return Math.floor(ms / windowMs) * windowMs;
}

/**
 * Cuts a batch off the head of a queue. Where it ends follows from the entries and the rule alone, not from the time or
 * from how much was read at once: who begins at the same head, in whatever process, ends at the same entry.
 */
export class BatchCut {
  readonly #rule: CutRule;
  #window = 0;
  #entries = 0;
  #bytes = 0;

  constructor(rule: CutRule) {
    this.#rule = rule;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** No further entry fits, whatever it is. */
  get isFull(): boolean {
    return this.#entries >= this.#rule.records || (this.#entries > 0 && this.#bytes >= this.#rule.bytes);
  }

  /** Whether the next entry of the queue belongs to the batch; if so it is counted. After a false the batch is closed. */
  take(ms: number, bytes: number): boolean {
    const { windowMs, records, bytes: mostBytes } = this.#rule;
    const window = windowMs === undefined ? 0 : windowOf(ms, windowMs);
    const isFirst = this.#entries === 0;
    if (!isFirst) {
      if (window !== this.#window || this.#entries >= records || this.#bytes + bytes > mostBytes)
        return false;
    }
    this.#window = window;
    this.#entries++;
    this.#bytes += bytes;
    return true;
  }
}
