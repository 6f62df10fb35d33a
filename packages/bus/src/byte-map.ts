import { hash, hashBytes } from './hash.ts';

type Slot<V> = { readonly text: string; readonly value: V };

/**
 * A map from ASCII texts that is asked with bytes: finding out that a text isn't in it makes no text of the bytes.
 */
export class ByteMap<V> {
  readonly #values = new Map<string, V>();
  /** By hash; texts that share one share a place. */
  readonly #slots = new Map<number, Slot<V>[]>();

  get size(): number {
    return this.#values.size;
  }

  /** In the order in which they were set. */
  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  set(text: string, value: V): void {
    this.delete(text);
    this.#values.set(text, value);
    const key = keyOf(hash(text));
    const slots = this.#slots.get(key);
    if (slots === undefined) this.#slots.set(key, [{ text, value }]);
    else slots.push({ text, value });
  }

  delete(text: string): void {
    if (!this.#values.delete(text)) return;
    const key = keyOf(hash(text));
    const left = (this.#slots.get(key) ?? []).filter((slot) => slot.text !== text);
    if (left.length === 0) this.#slots.delete(key);
    else this.#slots.set(key, left);
  }

  /** The value of the text that stands between two offsets. */
  at(bytes: Buffer, start: number, end: number): V | undefined {
    const slots = this.#slots.get(keyOf(hashBytes(bytes, start, end)));
    if (slots === undefined) return undefined;
    for (const { text, value } of slots) if (isAt(bytes, start, end, text)) return value;
    return undefined;
  }
}

/** A hash as a number with a sign: those need no memory of their own. */
function keyOf(value: number): number {
  return value | 0;
}

function isAt(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
