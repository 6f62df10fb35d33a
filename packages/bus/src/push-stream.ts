import { ReplySkipper } from './reply-skipper.ts';

/** How every push of a sharded channel begins: then come the channel's length, the channel, and the payload likewise. */
const head = Buffer.from('>3\r\n$8\r\nsmessage\r\n$');

const carriageReturn = 0x0d;
const dollar = 0x24;
const zero = 0x30;

/** Gets a push: where in `bytes` its channel and its payload lie. `bytes` are kept by nobody else. */
export type OnPush = (
  bytes: Buffer,
  channelStart: number,
  channelEnd: number,
  start: number,
  end: number,
) => void;

/**
 * Takes the pushes of sharded channels out of what a connection receives, and hands on the rest, in order. Redis's client
 * library makes an array, three buffers, three texts and an event of each push; this makes nothing.
 */
export class PushStream {
  readonly #onPush: OnPush;
  readonly #onRest: (bytes: Buffer) => void;
  readonly #rest = new ReplySkipper();
  /** The beginning of a push that isn't whole, and how many bytes it needs at least. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #neededBytes = 0;

  constructor(onPush: OnPush, onRest: (bytes: Buffer) => void) {
    this.#onPush = onPush;
    this.#onRest = onRest;
  }

  /** Takes what has come. */
  write(chunk: Buffer): void {
    const bytes = this.#heldBytes === 0 ? chunk : this.#withHeld(chunk);
    if (bytes === undefined) return;
    let at = 0;
    let restFrom = 0;
    while (at < bytes.length) {
      if (this.#rest.isInside || !beginsPush(bytes, at)) {
        at = this.#rest.skip(bytes, at);
        continue;
      }
      if (restFrom < at) this.#onRest(bytes.subarray(restFrom, at));
      restFrom = this.#takePush(bytes, at);
      if (restFrom === at) {
        this.#hold(bytes.subarray(at));
        return;
      }
      at = restFrom;
    }
    if (restFrom === 0) this.#onRest(bytes);
    else if (restFrom < at) this.#onRest(bytes.subarray(restFrom, at));
  }

  /** Where the push that begins at `at` ends; `at` itself when it isn't whole. */
  #takePush(bytes: Buffer, at: number): number {
    const channelAt = endOfLine(bytes, at + head.length);
    const channelEnd = channelAt + lengthBefore(bytes, channelAt);
    const start = endOfLine(bytes, channelEnd + 3);
    if (start > bytes.length) {
      this.#neededBytes = bytes.length - at + 1;
      return at;
    }
    const end = start + lengthBefore(bytes, start);
    if (end + 2 > bytes.length) {
      this.#neededBytes = end + 2 - at;
      return at;
    }
    this.#onPush(bytes, channelAt, channelEnd, start, end);
    return end + 2;
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  /** What is held and the chunk together; undefined while the push isn't whole even so. */
  #withHeld(chunk: Buffer): Buffer | undefined {
    this.#hold(chunk);
    if (this.#heldBytes < this.#neededBytes) return undefined;
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return bytes;
  }
}

/** Whether a push begins there, or may, as far as the bytes go. */
function beginsPush(bytes: Buffer, at: number): boolean {
  const count = Math.min(head.length, bytes.length - at);
  for (let i = 0; i < count; i++) if (bytes[at + i] !== head[i]) return false;
  return true;
}

/** What follows the line that is a number at `at`; beyond the bytes when its end hasn't come. */
function endOfLine(bytes: Buffer, at: number): number {
  let end = at;
  while (end < bytes.length && bytes[end] !== carriageReturn) end++;
  return end + 2;
}

/** The number in the line that ends before `at`, behind a `$`; 0 beyond the bytes. */
function lengthBefore(bytes: Buffer, at: number): number {
  if (at > bytes.length) return 0;
  let length = 0;
  let power = 1;
  for (let i = at - 3; i >= 0 && bytes[i] !== dollar; i--) {
    length += ((bytes[i] as number) - zero) * power;
    power *= 10;
  }
  return length;
}
