import type { Attributes } from '@roomstream/protocol/attributes';
import { type Capability, capabilities } from '@roomstream/protocol/capabilities';
import { idLength, isId } from '@roomstream/protocol/ids';
import type { ChatToken } from './token.ts';

/** First byte of the plaintext; a new layout gets a new number. */
const version = 1;

/** Where the fixed part ends: version, id, account, room, two times of 6 bytes, capabilities. */
const fixedBytes = 1 + 3 * idLength + 2 * 6 + 1;

const accountPattern = /^[0-9]{12}$/;

/** Written into tokens: never renumbered, whatever becomes of the order in protocol/capabilities. */
const capabilityBits = { SEND_MESSAGE: 1, DISCONNECT_USER: 2, DELETE_MESSAGE: 4 } satisfies Record<
  Capability,
  number
>;

/** All sets of capabilities by their bits, so that opening a token makes none. */
const capabilitySets: readonly (readonly Capability[])[] = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze(capabilities.filter((capability) => (bits & capabilityBits[capability]) !== 0)),
);

/**
 * The plaintext of a token, binary: JSON would turn 1 KB of quotes or control characters into 2 to 6 KB, and the token
 * has to fit a header. Texts become UTF-8, so a lone surrogate becomes U+FFFD, as on the WebSocket. Throws a TypeError
 * for a token that breaks its type.
 */
export function encodePayload(token: ChatToken): Buffer {
  if (!isId(token.id) || !isId(token.room) || !accountPattern.test(token.account))
    throw new TypeError('a token needs an id, a room and an account of 12 characters each');
  const texts = [token.userId];
  for (const key of Object.keys(token.attributes)) texts.push(key, token.attributes[key] as string);
  let size = fixedBytes;
  const lengths = texts.map((text) => {
    const length = Buffer.byteLength(text);
    if (length >= 0x8000) throw new TypeError(`a token can't hold a text of ${length} bytes`);
    size += (length < 0x80 ? 1 : 2) + length;
    return length;
  });
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeUInt8(version, 0);
  at += bytes.write(token.id + token.account + token.room, at, 'latin1');
  at = bytes.writeUIntBE(wholeMs(token.tokenExpiresMs), at, 6);
  at = bytes.writeUIntBE(wholeMs(token.sessionExpiresMs), at, 6);
  at = bytes.writeUInt8(bitsOf(token.capabilities), at);
  for (const [index, text] of texts.entries()) {
    const length = lengths[index] as number;
    at = length < 0x80 ? bytes.writeUInt8(length, at) : bytes.writeUInt16BE(length | 0x8000, at);
    at += bytes.write(text, at, 'utf8');
  }
  return bytes;
}

/** Buffer would write NaN as 0 without a word. */
function wholeMs(ms: number): number {
  if (!(ms >= 0 && ms < 2 ** 48)) throw new TypeError(`${ms} is no time that a token can hold`);
  return Math.floor(ms);
}

function bitsOf(list: readonly Capability[]): number {
  let bits = 0;
  for (const capability of list) bits |= capabilityBits[capability];
  return bits;
}

/** Reads a plaintext; undefined when it isn't one, e.g. of a later version. Never throws. */
export function decodePayload(bytes: Buffer): ChatToken | undefined {
  if (bytes.length < fixedBytes || bytes[0] !== version) return undefined;
  const ids = bytes.toString('latin1', 1, 1 + 3 * idLength);
  const id = ids.slice(0, idLength);
  const account = ids.slice(idLength, 2 * idLength);
  const room = ids.slice(2 * idLength);
  const grants = capabilitySets[bytes[fixedBytes - 1] as number];
  const texts = readTexts(bytes);
  if (!isId(id) || !isId(room) || !accountPattern.test(account)) return undefined;
  if (grants === undefined || texts === undefined) return undefined;
  const [userId, ...pairs] = texts;
  if (userId === undefined || pairs.length % 2 !== 0) return undefined;
  return {
    id,
    account,
    room,
    userId,
    attributes: toAttributes(pairs),
    capabilities: grants,
    tokenExpiresMs: bytes.readUIntBE(1 + 3 * idLength, 6),
    sessionExpiresMs: bytes.readUIntBE(1 + 3 * idLength + 6, 6),
  };
}

/** The length-prefixed texts behind the fixed part, which must end exactly where the bytes end. */
function readTexts(bytes: Buffer): string[] | undefined {
  const texts: string[] = [];
  let at = fixedBytes;
  while (at < bytes.length) {
    let length = bytes[at++] as number;
    if (length >= 0x80) {
      if (at === bytes.length) return undefined;
      length = ((length & 0x7f) << 8) | (bytes[at++] as number);
    }
    if (at + length > bytes.length) return undefined;
    texts.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  return texts;
}

/** fromEntries makes own properties of every key: with a plain assignment `__proto__` would be lost. */
function toAttributes(pairs: readonly string[]): Attributes {
  const entries: [string, string][] = [];
  for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i] as string, pairs[i + 1] as string]);
  return Object.fromEntries(entries);
}
