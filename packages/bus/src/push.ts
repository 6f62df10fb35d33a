/**
 * A push carries the entries that one run of the publish script added, each behind a header of four big-endian 32-bit
 * numbers: length, milliseconds of the stream id (high, low), sequence. Written by lua/publish-entries-n.lua.
 */
export const headerBytes = 16;

/** Length of the entry whose header begins at `at`. */
export function pushedLength(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at);
}

/** Milliseconds of its stream id. */
export function pushedMs(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 4) * 0x1_0000_0000 + bytes.readUInt32BE(at + 8);
}

/** Sequence of its stream id. */
export function pushedSeq(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 12);
}
