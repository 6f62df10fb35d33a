import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A record is some kilobytes at most; a longer line is no log, and isn't taken into memory. */
const mostLineBytes = 1024 * 1024;

/**
 * The lines of a gzip'd stream, without their newlines, as they come; nothing is held but the line that has begun. Throws
 * when the stream fails, is cut off or empty, or isn't gzip. Whoever stops early closes it.
 *
 * Split by bytes: readline would also split at U+2028, which JSON leaves inside of strings.
 */
export async function* logLines(stream: Readable): AsyncGenerator<Buffer> {
  // A fault of either one reaches whoever reads the end of it, below; the callback has nothing to add.
  const gunzip = pipeline(stream, createGunzip(), () => undefined);
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of gunzip as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]);
      begun = [];
      begunBytes = 0;
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > mostLineBytes) throw new Error(`it has a line of more than ${mostLineBytes} bytes`);
  }
  if (begunBytes > 0) yield Buffer.concat(begun);
}
