import type { Received } from './entry.ts';
import { isBefore, justBehind, type Position } from './position.ts';
import type { RoomPart, RoomRange } from './read-room.ts';

/** A part of a shard's stream, as lua/read-room-1.lua found it. */
export type Chunk = {
  /** Entries looked at. */
  readonly scanned: number;
  /** The last one of them; undefined: all down to the lower end were looked at. */
  readonly end: Position | undefined;
  /** Frames found, by room, newest first. */
  readonly frames: ReadonlyMap<string, readonly Found[]>;
};

/** A frame that was found. */
export type Found = { readonly position: Position; readonly entry: Received };

/** Entries that are looked at for one request, at most: what lies farther back in a busy shard isn't found. */
export const mostScanned = 50_000;

/** Entries that one run of the script looks at, at most: longer ones would hold Redis up. */
export const mostTogether = 500;

/** Where ids went back, this much before a place is read too: as far as a replica may have been behind its master. */
const rewoundMs = 10_000;

/** One request for frames of a room, while chunks of the stream are read for it, from the end backwards. */
export class RoomRequest {
  readonly room: string;
  readonly range: RoomRange;
  /** What has been read begins here; undefined: nothing has, and the stream's end is wanted. */
  #before: Position | undefined;
  /** Reading ends behind this place; undefined: at the stream's beginning. */
  #lower: Position | undefined;
  /** Newest first. */
  readonly #frames: Received[] = [];
  #bytes = 0;
  #omitted = 0;
  #scanned = 0;
  #isFull: boolean;
  #isDone = false;
  #isComplete = false;
  #isRewound = false;

  constructor(room: string, range: RoomRange) {
    this.room = room;
    this.range = range;
    this.#before = range.through === undefined ? undefined : justBehind(range.through);
    this.#lower = range.after?.position;
    this.#isFull = range.mostFrames <= 0;
  }

  /** Where the next chunk begins that it needs: before this place; undefined: at the stream's end. */
  get before(): Position | undefined {
    return this.#before;
  }

  /** Behind this place a chunk may end; undefined: at the stream's beginning. */
  get lower(): Position | undefined {
    return this.#lower;
  }

  /** Frames are still wanted, not only their number. */
  get wantsFrames(): boolean {
    return !this.#isFull;
  }

  /** How many entries the next chunk should have: where the newest are enough, a busy room has them in few. */
  get wantsEntries(): number {
    const { mostFrames, countsRest } = this.range;
    return countsRest ? mostTogether : Math.min(mostTogether, Math.max(mostFrames, 2 * this.#scanned, 1));
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether a chunk that begins before this place serves it: nothing that it needs lies between. */
  isServedFrom(before: Position | undefined): boolean {
    if (before === undefined) return true;
    return this.#before !== undefined && !isBefore(before, this.#before);
  }

  /** Takes what a chunk has for it. */
  take({ scanned, end, frames }: Chunk): void {
    for (const { position, entry } of frames.get(this.room) ?? []) {
      if (this.#before !== undefined && !isBefore(position, this.#before)) continue;
      if (this.#lower !== undefined && !isBefore(this.#lower, position)) break;
      this.#add(entry);
    }
    if (end === undefined || (this.#lower !== undefined && !isBefore(this.#lower, end))) {
      this.#isDone = true;
      this.#isComplete = true;
      return;
    }
    if (this.#before === undefined || isBefore(end, this.#before)) {
      this.#before = end;
      this.#scanned += scanned;
    }
    this.#isDone = this.#scanned >= mostScanned || (this.#isFull && !this.range.countsRest);
  }

  /**
   * Ids went back: what was added since then may stand before the place from which on it was wanted. Goes on reading there;
   * false when it has done so.
   */
  rewind(): boolean {
    const { after, through } = this.range;
    if (after === undefined || this.#isRewound || !this.#isComplete) return false;
    this.#isRewound = true;
    const isThroughFirst = through !== undefined && isBefore(through, after.position);
    this.#before = justBehind(isThroughFirst ? through : after.position);
    this.#lower = { ms: Math.max(0, after.position.ms - rewoundMs), seq: 0 };
    this.#isDone = false;
    this.#isComplete = false;
    return true;
  }

  /** What was found. */
  part(verdict: RoomPart['verdict']): RoomPart {
    return {
      frames: this.#frames.toReversed(),
      omitted: this.#omitted,
      isComplete: this.#isComplete,
      scannedTo: this.#isComplete ? undefined : this.#before,
      verdict: this.#isRewound ? 'ids-went-back' : verdict,
    };
  }

  #add(entry: Received): void {
    const { mostFrames, mostBytes } = this.range;
    if (!this.#isFull && this.#bytes + entry.body.length <= mostBytes) {
      this.#frames.push(entry);
      this.#bytes += entry.body.length;
      this.#isFull = this.#frames.length >= mostFrames;
    } else {
      // What is older than a frame that was left out is left out as well.
      this.#isFull = true;
      this.#omitted++;
    }
  }
}
