import type { RedisClient } from '@roomstream/runtime/redis';
import { reviewGroup } from './keys.ts';

/** A message of a review stream, as it stands there. */
export type ReviewRow = {
  /** Its id in the stream. */
  readonly entryId: string;
  /** What `encodeReview` has made, unless somebody else has written it; '' when it is missing. */
  readonly entry: string;
  /** The key of its sender's queue. */
  readonly queue: string | undefined;
};

/** Messages that were claimed, and where to go on; '0-0' at the end. */
export type ClaimedReviews = { readonly rows: readonly ReviewRow[]; readonly cursor: string };

type Reply = readonly (readonly [id: string, fields: readonly string[] | null])[];

/** A worker's reading of review streams, as a member of the consumer group. */
export class ReviewReader {
  readonly #commands: RedisClient;
  readonly #worker: string;

  constructor(commands: RedisClient, worker: string) {
    this.#commands = commands;
    this.#worker = worker;
  }

  /** Takes up to `most` messages that nobody has. Rejects when Redis is away. */
  async readNew(stream: string, most: number): Promise<readonly ReviewRow[]> {
    const read = () =>
      this.#commands.xreadgroup('GROUP', reviewGroup, this.#worker, 'COUNT', most, 'STREAMS', stream, '>');
    const reply = await read().catch(async (error: unknown) => {
      if (!isRefusal(error, 'NOGROUP')) throw error;
      await this.#createGroup(stream);
      return read();
    });
    const [found] = (reply ?? []) as readonly [string, Reply][];
    return rowsOf(found?.[1] ?? []);
  }

  /** Takes up to `most` messages, from a cursor on, that a worker has had for `idleMs` or longer. Rejects when Redis is away. */
  async claim(stream: string, idleMs: number, cursor: string, most: number): Promise<ClaimedReviews> {
    try {
      const reply = await this.#commands.xautoclaim(
        stream,
        reviewGroup,
        this.#worker,
        idleMs,
        cursor,
        'COUNT',
        most,
      );
      const [next, rows] = reply as unknown as [string, Reply];
      return { rows: rowsOf(rows), cursor: next };
    } catch (error) {
      // Nobody has read it yet.
      if (isRefusal(error, 'NOGROUP')) return { rows: [], cursor: '0-0' };
      throw error;
    }
  }

  /** From the beginning of the stream: nothing in it is settled. */
  async #createGroup(stream: string): Promise<void> {
    try {
      await this.#commands.xgroup('CREATE', stream, reviewGroup, '0', 'MKSTREAM');
    } catch (error) {
      // Another worker was faster.
      if (!isRefusal(error, 'BUSYGROUP')) throw error;
    }
  }
}

function isRefusal(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code);
}

function rowsOf(reply: Reply): readonly ReviewRow[] {
  return reply.map(([entryId, fields]) => {
    const { e: entry = '', q: queue } = Object.fromEntries(pairs(fields ?? []));
    return { entryId, entry, queue };
  });
}

/** The fields of an entry, which Redis answers as a flat list. */
function pairs(flat: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}
