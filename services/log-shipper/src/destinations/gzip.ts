import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { LogRecord } from '../log-destination.ts';
import { joinLines, pieces } from './lines.ts';

const pieceBytes = 64 * 1024;
const gzipOnce = promisify(gzip);

/**
 * The records as gzipped lines. The same records make the same bytes: the header holds no time and no name. Compressed on
 * another thread; beside the result one piece of the text is in memory at a time. Rejects when `signal` aborts.
 */
export async function gzipLines(records: readonly LogRecord[], signal: AbortSignal): Promise<Buffer> {
  let length = 0;
  for (const { line } of records) length += line.length + 1;
  if (length <= pieceBytes) return gzipOnce(joinLines(records));
  const parts: Buffer[] = [];
  await pipeline(
    pieces(records, pieceBytes),
    createGzip(),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const part of compressed) parts.push(part);
    },
    { signal },
  );
  return Buffer.concat(parts);
}
