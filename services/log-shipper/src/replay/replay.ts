import type { LogSource } from './log-source.ts';
import { readRecords, type Span } from './read-records.ts';
import { recordText } from './replay-record.ts';

/** Where a replay goes. */
export type ReplayOutput = {
  /** Takes text or bytes; resolves with false when nobody reads any more. */
  write(chunk: Buffer): Promise<boolean>;
  /** A line for the user, apart from the records. */
  note(line: string): void;
};

/** Records are written in pieces of about so many bytes. */
const pieceBytes = 64 * 1024;

/** Prints the records of a room. Resolves with the exit status: 1 when something could not be read. */
export async function replay(
  source: LogSource,
  span: Span,
  format: 'json' | 'text',
  output: ReplayOutput,
): Promise<0 | 1> {
  let status: 0 | 1 = 0;
  const onBroken = (key: string, fault: string) => {
    status = 1;
    output.note(`${source.name}/${key} can't be read: ${fault}`);
  };
  const piece = new Piece(output);
  let count = 0;
  for await (const record of readRecords(source, span, onBroken)) {
    count += 1;
    const isRead = await piece.add(format === 'json' ? record.line : Buffer.from(recordText(record)));
    if (!isRead) return status;
  }
  await piece.flush();
  if (count === 0 && status === 0)
    output.note(`${source.name} has no records of the room in that time (yet).`);
  return status;
}

const newline = Buffer.from('\n');

/** Lines on their way out, some at a time: a system call for each would be most of the work. */
class Piece {
  readonly #output: ReplayOutput;
  #lines: Buffer[] = [];
  #bytes = 0;

  constructor(output: ReplayOutput) {
    this.#output = output;
  }

  /** False when nobody reads any more. */
  async add(line: Buffer): Promise<boolean> {
    this.#lines.push(line, newline);
    this.#bytes += line.length + 1;
    return this.#bytes < pieceBytes || (await this.flush());
  }

  async flush(): Promise<boolean> {
    const lines = this.#lines;
    this.#lines = [];
    this.#bytes = 0;
    return lines.length === 0 || (await this.#output.write(Buffer.concat(lines)));
  }
}
