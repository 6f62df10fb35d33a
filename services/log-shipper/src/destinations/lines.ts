import type { LogRecord } from '../log-destination.ts';

const newline = 0x0a;

/** The records from index `from` to before `to`, each ended by a newline, in one piece of memory. */
export function joinLines(records: readonly LogRecord[], from = 0, to = records.length): Buffer {
  let length = 0;
  for (let at = from; at < to; at++) length += lineLength(records, at);
  const joined = Buffer.allocUnsafe(length);
  let offset = 0;
  for (let at = from; at < to; at++) {
    offset += records[at]?.line.copy(joined, offset) ?? 0;
    joined[offset++] = newline;
  }
  return joined;
}

/** The records as lines, in pieces of about `pieceBytes`: one piece at a time is a copy of them. */
export function* pieces(records: readonly LogRecord[], pieceBytes: number): Generator<Buffer> {
  let from = 0;
  let length = 0;
  for (let at = 0; at < records.length; at++) {
    length += lineLength(records, at);
    if (length < pieceBytes) continue;
    yield joinLines(records, from, at + 1);
    from = at + 1;
    length = 0;
  }
  if (from < records.length) yield joinLines(records, from);
}

function lineLength(records: readonly LogRecord[], at: number): number {
  return (records[at]?.line.length ?? 0) + 1;
}
