import { randomBytes } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Length of every id that clients see: messages, events, rooms, logging configurations (contract: 12). */
export const idLength = 12;

/** Bytes at or above this are drawn again: 248 is the largest multiple of 62 in a byte, so no letter is likelier. */
const rejectFrom = 248;

// One call to the kernel serves some 300 ids: drawing 12 bytes at a time costs more than the rest of a publish.
let pool = Buffer.alloc(0);
let next = 0;

/** A new id: 12 characters of `[a-zA-Z0-9]`, 71 bits of randomness. */
export function newId(): string {
  let id = '';
  while (id.length < idLength) {
    if (next === pool.length) {
      pool = randomBytes(4096);
      next = 0;
    }
    const byte = pool[next++] as number;
    if (byte < rejectFrom) id += alphabet[byte % alphabet.length];
  }
  return id;
}

const idPattern = /^[a-zA-Z0-9]{12}$/;

/** Whether `text` has the form of an id. */
export function isId(text: string): boolean {
  return idPattern.test(text);
}
