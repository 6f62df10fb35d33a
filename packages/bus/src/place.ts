import { bodyAt } from './entry.ts';
import type { Position } from './position.ts';
import type { Standing } from './standing.ts';

/**
 * Where a reader stands in its stream. It moves with every entry of the shard, also of rooms that nobody here has joined: so
 * it is overwritten in place, and what others keep of it is made when they ask.
 */
export class Place {
  #ms = 0;
  #seq = 0;
  #added = 0;
  /** The identity of the entry at the position was copied to here, or stands in the bytes that the entry came with. */
  readonly #copy = Buffer.alloc(bodyAt);
  #bytes: Buffer = this.#copy;
  #start = 0;
  #end = 0;
  #standing: Standing | undefined;

  /** As it is now; the same object while it stays there. */
  get standing(): Standing {
    this.#standing ??= { position: this.position, added: this.#added, identity: this.identity };
    return this.#standing;
  }

  /** As it is now. */
  get position(): Position {
    return { ms: this.#ms, seq: this.#seq };
  }

  /** Identity of the entry at the position, '' when unknown. */
  get identity(): string {
    return this.#bytes.toString('latin1', this.#start, this.#end);
  }

  /** Entries ever added to the stream, up to the position. */
  get added(): number {
    return this.#added;
  }

  set added(added: number) {
    this.#added = added;
    this.#standing = undefined;
  }

  set(position: Position, identity: string, added: number): void {
    this.#ms = position.ms;
    this.#seq = position.seq;
    this.#added = added;
    this.#bytes = this.#copy;
    this.#start = 0;
    this.#end = this.#copy.write(identity, 'latin1');
    this.#standing = undefined;
  }

  /** Whether it is before an entry. */
  isBefore(ms: number, seq: number): boolean {
    return ms > this.#ms || (ms === this.#ms && seq > this.#seq);
  }

  /** Moves to the entry that begins at `start` of `bytes`, which have to stay as they are until `settle`. */
  moveTo(ms: number, seq: number, added: number, bytes: Buffer, start: number): void {
    this.#ms = ms;
    this.#seq = seq;
    this.#added += added;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = start + bodyAt;
    this.#standing = undefined;
  }

  /** Stays here for a while: lets go of the bytes of the entry. */
  settle(): void {
    if (this.#bytes === this.#copy) return;
    this.#end = this.#bytes.copy(this.#copy, 0, this.#start, this.#end);
    this.#start = 0;
    this.#bytes = this.#copy;
  }
}
