import type { Received } from '@roomstream/bus/entry';
import { isBefore, justBefore, type Position, parsePosition } from '@roomstream/bus/position';
import type { RoomPart, RoomRange } from '@roomstream/bus/read-room';
import { formatStanding, type Standing } from '@roomstream/bus/standing';
import { deletedMessageIdOf, typeOf } from '@roomstream/protocol/read-frame';

/** A frame of a room, where it stands in the stream, and what everybody who is owed it asks of it. */
export type TailFrame = {
  readonly position: Position;
  readonly entry: Received;
  readonly isMessage: boolean;
  /** Id of the message that it deletes, if it does. */
  readonly deletes: string | undefined;
};

/** Reads frames of the room from the stream; `bus.readRoom`. Rejects when Redis is away. */
export type ReadBack = (range: RoomRange) => Promise<RoomPart>;

/** What is there of what was said since a place. */
export type Reached = {
  /** All of it; or it is more than is read; or some of it may be gone from the stream. */
  readonly kind: 'complete' | 'too-much' | 'lost';
  /** Frames behind it are what there is. */
  readonly from: Position;
};

/** Frames and bytes of a room that are read for those who return: several times what one of them may get. */
export type TailBounds = { readonly mostFrames: number; readonly mostBytes: number };

/**
 * The end of a room's stream, kept while somebody is on his way into the room who is owed more than what comes from now
 * on: a refresh, a return after a drop, a newcomer who asked for history. It grows with what the room says, and
 * backwards as far as somebody needs; however many come at once, the stream is read once.
 */
export class RoomTail {
  readonly beganMs = performance.now();
  /** Those on their way who need it. */
  holders = 0;
  readonly #readBack: ReadBack;
  readonly #bounds: TailBounds;
  #frames: TailFrame[] = [];
  #appended = 0;
  readonly #start: Position;
  /** Everything behind it is in `#frames`. */
  #since: Position;
  /** What lies before `#since` is more than is read, or the stream's beginning was reached. */
  #isExhausted = false;
  #isBroken = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** Places that the stream was asked about. */
  readonly #judged = new Map<string, Promise<boolean>>();

  /** It begins with what comes behind `start`. */
  constructor(start: Position, readBack: ReadBack, bounds: TailBounds) {
    this.#start = start;
    this.#since = start;
    this.#readBack = readBack;
    this.#bounds = bounds;
  }

  /** What it has, in order. The array grows at its end; reading back replaces it. */
  get frames(): readonly TailFrame[] {
    return this.#frames;
  }

  /** How many frames have come since it began. */
  get appended(): number {
    return this.#appended;
  }

  /** Ids of the stream went back since it began. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** A frame came. */
  append(entry: Received): void {
    this.#appended++;
    this.#frames.push(tailFrame(entry));
  }

  /** Those that have come since so many had. */
  since(appended: number): readonly TailFrame[] {
    const count = this.#appended - appended;
    return count === 0 ? [] : this.#frames.slice(-count);
  }

  /** Reads as far back as `after`, one caller after the other. Rejects when Redis is away. */
  reach(after: Standing): Promise<Reached> {
    return this.#inTurn(() => this.#reach(after));
  }

  /** Reads back, `most` frames at a time, until `isEnough` says so or nothing is left. Rejects when Redis is away. */
  reachUntil(isEnough: () => boolean, most: number): Promise<void> {
    return this.#inTurn(async () => {
      while (!isEnough() && !this.#isExhausted && !this.#isBroken) {
        await this.#read(undefined, { ...this.#bounds, mostFrames: most });
      }
    });
  }

  /** What was read before says nothing about what is missing. It goes on with what comes. */
  breakOff(): void {
    this.#isBroken = true;
  }

  /** Index in `frames` of the first one behind a place. */
  indexBehind(position: Position): number {
    let low = 0;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(position, (this.#frames[middle] as TailFrame).position)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #reach(after: Standing): Promise<Reached> {
    const { position } = after;
    if (this.#isBroken) return { kind: 'lost', from: this.#since };
    // Another gateway may be ahead of this one; or ids went back, which reading tells.
    if (isBefore(this.#last(), position)) return this.#read(after, this.#bounds);
    if (!isBefore(position, this.#since)) {
      // Of the same name may be a place in a stream that is no more.
      return { kind: (await this.#isSound(after)) ? 'complete' : 'lost', from: position };
    }
    if (this.#isExhausted) return { kind: 'too-much', from: this.#since };
    return this.#read(after, this.#bounds);
  }

  #last(): Position {
    return this.#frames.at(-1)?.position ?? this.#start;
  }

  #isSound(after: Standing): Promise<boolean> {
    const name = formatStanding(after);
    const known = this.#judged.get(name);
    if (known !== undefined) return known;
    const nothing = { after, through: after.position, mostFrames: 1, mostBytes: 1, countsRest: false };
    const judged = this.#readBack(nothing).then(({ verdict }) => verdict === 'sound');
    this.#judged.set(name, judged);
    judged.catch(() => this.#judged.delete(name));
    return judged;
  }

  async #read(after: Standing | undefined, bounds: TailBounds): Promise<Reached> {
    const part = await this.#readBack({ after, through: this.#since, ...bounds, countsRest: false });
    this.#frames = [...part.frames.map(tailFrame), ...this.#frames];
    const isWhole = part.isComplete && part.omitted === 0;
    if (isWhole && part.verdict === 'sound' && after !== undefined) {
      if (isBefore(after.position, this.#since)) this.#since = after.position;
      this.#judged.set(formatStanding(after), Promise.resolve(true));
      return { kind: 'complete', from: after.position };
    }
    const [first] = part.frames;
    const reached = part.omitted > 0 ? first && parsePosition(first.entryId) : part.scannedTo;
    const since = reached ?? (first && parsePosition(first.entryId));
    if (since !== undefined && isBefore(since, this.#since)) this.#since = justBefore(since);
    // What isn't there now will not be there later; and what is too far away stays so.
    if (isWhole ? after === undefined : part.frames.length < bounds.mostFrames || after !== undefined) {
      this.#isExhausted = true;
    }
    return { kind: part.verdict === 'sound' ? 'too-much' : 'lost', from: this.#since };
  }
}

function tailFrame(entry: Received): TailFrame {
  const { body } = entry;
  return {
    position: parsePosition(entry.entryId),
    entry,
    isMessage: typeOf(body) === 'MESSAGE',
    deletes: deletedMessageIdOf(body),
  };
}
