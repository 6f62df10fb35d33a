/** Bytes of RESP that begin a line. */
const blob = 0x24; // $
const verbatim = 0x3d; // =
const blobError = 0x21; // !
const array = 0x2a; // *
const set = 0x7e; // ~
const push = 0x3e; // >
const map = 0x25; // %
const attribute = 0x7c; // |

const lineFeed = 0x0a;

/** Finds where a reply of Redis ends, in bytes that come in pieces, and keeps nothing of it. */
export class ReplySkipper {
  /** Values that are still to come, those in arrays counted one by one. */
  #values = 0;
  /** Bytes that are still to come of a text of known length. */
  #bytes = 0;
  /** What has come of a line that isn't whole. */
  #line = '';

  /** Whether a reply has begun and not ended. */
  get isInside(): boolean {
    return this.#values > 0;
  }

  /** Goes on with the reply that it is inside of, or that begins at `from`: where it ends, or the end of the bytes. */
  skip(bytes: Buffer, from: number): number {
    if (this.#values === 0) this.#values = 1;
    let at = from;
    while (at < bytes.length && this.#values > 0) {
      at = this.#bytes > 0 ? this.#skipText(bytes, at) : this.#skipLine(bytes, at);
    }
    return at;
  }

  #skipText(bytes: Buffer, at: number): number {
    const count = Math.min(this.#bytes, bytes.length - at);
    this.#bytes -= count;
    if (this.#bytes === 0) this.#values--;
    return at + count;
  }

  #skipLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineFeed, at);
    if (end === -1) {
      this.#line += bytes.toString('latin1', at);
      return bytes.length;
    }
    const line = this.#line + bytes.toString('latin1', at, end);
    this.#line = '';
    this.#count(line.charCodeAt(0), Number.parseInt(line.slice(1), 10));
    return end + 1;
  }

  /** What a line announces; -1 is the null of RESP2. */
  #count(type: number, length: number): void {
    if (type === blob || type === verbatim || type === blobError) {
      if (length >= 0) this.#bytes = length + 2;
      else this.#values--;
      return;
    }
    if (type === array || type === set || type === push) this.#values += Math.max(0, length);
    else if (type === map) this.#values += 2 * length;
    // An attribute stands before the value that it belongs to.
    else if (type === attribute) this.#values += 2 * length + 1;
    this.#values--;
  }
}
