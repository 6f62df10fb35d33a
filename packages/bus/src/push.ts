/**
 * A push carries the entries that one run of the publish script added, each behind a header of four big-endian 32-bit
 * numbers: length, milliseconds of the stream id (high, low), sequence. Written by lua/publish-entries-n.lua.
 */
const headerBytes = 16;

/** Gets each entry of a push: its stream id, and where in `push` it lies. */
export type PushedEntry = (ms: number, seq: number, start: number, end: number) => void;

/** Walks over the entries of a push, in order. */
export function readPush(push: Buffer, each: PushedEntry): void {
  let at = 0;
  while (at + headerBytes <= push.length) {
    const start = at + headerBytes;
    const end = start + push.readUInt32BE(at);
    each(
      push.readUInt32BE(at + 4) * 0x1_0000_0000 + push.readUInt32BE(at + 8),
      push.readUInt32BE(at + 12),
      start,
      end,
    );
    at = end;
  }
}
