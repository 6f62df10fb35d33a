import { deletedMessageIdOf, typeOf } from './read-frame.ts';

/** What is wanted of a room's history. */
export type HistoryWish = {
  /** The newest so many frames; at least 1. */
  readonly most: number;
  /** Whether EVENTs are wanted beside MESSAGEs. */
  readonly withEvents: boolean;
  /** Ids of deleted messages, where the frames that say so won't be shown. */
  readonly deleted?: Iterable<string>;
};

/**
 * Picks a room's history out of its frames, which are shown to it from the newest to the oldest. What deletes a message is
 * always newer than the message: so when that one comes, it is known.
 */
export class HistoryPick {
  readonly #most: number;
  readonly #withEvents: boolean;
  readonly #deleted: Set<string>;
  /** Deleted messages that were left out. */
  readonly #leftOut = new Set<string>();
  /** By id: a frame may stand in the stream twice. */
  readonly #frames = new Map<string, string>();

  constructor(wish: HistoryWish) {
    this.#most = wish.most;
    this.#withEvents = wish.withEvents;
    this.#deleted = new Set(wish.deleted);
  }

  /** What was picked, newest first. */
  get frames(): readonly string[] {
    return [...this.#frames.values()];
  }

  /** Deleted messages that haven't come: what an older part of the history is to be picked with. */
  get deletedAhead(): readonly string[] {
    return [...this.#deleted].filter((id) => !this.#leftOut.has(id));
  }

  /** Shows a frame that is no part of the wanted history, for what it deletes. */
  note(frame: Buffer): void {
    const id = deletedMessageIdOf(frame);
    if (id !== undefined) this.#deleted.add(id);
  }

  /** Shows the next older frame; false when it would be one too many: then it wasn't looked at. */
  take(id: string, frame: Buffer): boolean {
    if (this.#isWanted(id, frame)) {
      if (this.#frames.size >= this.#most) return false;
      this.#frames.set(id, frame.toString());
    }
    this.note(frame);
    return true;
  }

  #isWanted(id: string, frame: Buffer): boolean {
    const type = typeOf(frame);
    if (type === 'EVENT') return this.#withEvents && !this.#frames.has(id);
    if (type !== 'MESSAGE') return false;
    if (!this.#deleted.has(id)) return !this.#frames.has(id);
    this.#leftOut.add(id);
    return false;
  }
}
