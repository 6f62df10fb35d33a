import type { LogEntry } from '@roomstream/bus/log-group';
import { isBefore, type Position, parsePosition } from '@roomstream/bus/position';
import { BatchCut, type CutRule, entryBytes } from './batch.ts';
import type { LogRecord, RoomRecords } from './log-destination.ts';
import { toRecord } from './record.ts';

/** A batch that is to be delivered once more: it ends where it ended, and some rooms have theirs, or a part, already. */
export type Retry = {
  /** Id of its last entry. */
  readonly through: string;
  /** Up to which entry id rooms have their records. */
  readonly delivered: ReadonlyMap<string, string>;
  readonly entries: number;
  readonly bytes: number;
  /** Records that the destination has refused for good so far. */
  readonly rejected: number;
};

/** How a batch is read. */
export type ReadPlan = {
  readonly cut: CutRule;
  /** What the buffer has room for. */
  readonly room: { readonly records: number; readonly bytes: number };
  readonly retry: Retry | undefined;
  /** Whose queue it is. */
  readonly account: string;
};

/** A batch in memory. */
export type Batch = {
  readonly firstMs: number;
  /** Id of its last entry. */
  readonly through: string;
  readonly entries: number;
  readonly bytes: number;
  /** Bytes of the lines of all its records, delivered before or not. */
  readonly lineBytes: number;
  /** What is to be delivered: all but what rooms have already. */
  readonly rooms: readonly RoomRecords[];
  /** What `rooms` take of the buffer. */
  readonly held: { readonly records: number; readonly bytes: number };
  /** Times of its records, delivered before or not, in milliseconds of Redis time. */
  readonly times: readonly number[];
  /** Ids of entries that are no frames. */
  readonly unreadable: readonly string[];
  /** No entry can come that would belong to it as well. */
  readonly isClosed: boolean;
  /** When the entry behind it was sent; undefined when there was none. */
  readonly nextMs: number | undefined;
};

/** What was found at the head of a queue; `outgrown`: more than there is room for, nothing is kept. */
export type Reading =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'empty' }
  | { readonly kind: 'outgrown' };

/** The first `count` entries behind an id. */
export type ReadEntries = (after: string, count: number) => Promise<readonly LogEntry[]>;

/** Reads the batch at the head of a queue, in portions. Rejects when the entries can't be read. */
export async function readBatch(read: ReadEntries, plan: ReadPlan): Promise<Reading> {
  const cut = plan.retry === undefined ? new BatchCut(plan.cut) : new BatchCut(everything);
  const through = plan.retry === undefined ? undefined : parsePosition(plan.retry.through);
  const content = new Content(plan.account, plan.retry?.delivered ?? new Map());
  for (;;) {
    const count = portion(cut, plan);
    const entries = await read(content.last, count);
    for (const entry of entries) {
      if (isBeyond(entry, through) || !cut.take(entry.ms, entryBytes(entry.body))) {
        return content.reading(cut, true, entry.ms);
      }
      if (cut.entries > 1 && exceeds(cut, plan.room)) return { kind: 'outgrown' };
      content.add(entry);
    }
    if (entries.length < count)
      return content.reading(cut, plan.retry !== undefined || cut.isFull, undefined);
  }
}

/** A batch that was cut before is cut by its last entry. */
const everything: CutRule = {
  windowMs: undefined,
  records: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
};

function isBeyond(entry: LogEntry, through: Position | undefined): boolean {
  return through !== undefined && isBefore(through, parsePosition(entry.entryId));
}

function exceeds({ entries, bytes }: BatchCut, room: ReadPlan['room']): boolean {
  return entries > room.records || bytes > room.bytes;
}

const leastPortion = 16;
const mostPortion = 500;
const likelyBytes = 1024;

/**
 * How many entries to ask for: up to the first one beyond the batch, and not many more than its bytes have room for, as far
 * as that can be told from those before.
 */
function portion(cut: BatchCut, { room }: ReadPlan): number {
  const average = cut.entries === 0 ? likelyBytes : cut.bytes / cut.entries;
  const fitting = Math.ceil(Math.max(room.bytes - cut.bytes, 0) / average);
  const most = Math.min(room.records - cut.entries + 1, mostPortion);
  return Math.max(Math.min(most, Math.max(fitting, leastPortion)), 1);
}

type MutableRoom = RoomRecords & { readonly records: LogRecord[] };

/** The entries of a batch as they come together. */
class Content {
  readonly #account: string;
  readonly #delivered: ReadonlyMap<string, Position>;
  readonly #rooms = new Map<string, MutableRoom>();
  readonly #times: number[] = [];
  readonly #unreadable: string[] = [];
  readonly #held = { records: 0, bytes: 0 };
  #firstMs = 0;
  #lineBytes = 0;
  /** Id of the last entry; '' while there is none. */
  last = '';

  constructor(account: string, delivered: ReadonlyMap<string, string>) {
    this.#account = account;
    this.#delivered = new Map([...delivered].map(([room, id]) => [room, parsePosition(id)]));
  }

  add(entry: LogEntry): void {
    if (this.last === '') this.#firstMs = entry.ms;
    this.last = entry.entryId;
    const record = toRecord(entry);
    if (record === undefined) {
      this.#unreadable.push(entry.entryId);
      return;
    }
    this.#times.push(entry.ms);
    this.#lineBytes += record.line.length + 1;
    const through = this.#delivered.get(entry.room);
    if (through !== undefined && !isBefore(through, parsePosition(entry.entryId))) return;
    this.#held.records++;
    this.#held.bytes += entryBytes(entry.body);
    const room = this.#rooms.get(entry.room);
    if (room !== undefined) room.records.push(record);
    else this.#rooms.set(entry.room, { account: this.#account, room: entry.room, records: [record] });
  }

  reading(cut: BatchCut, isClosed: boolean, nextMs: number | undefined): Reading {
    if (this.last === '') return { kind: 'empty' };
    const batch: Batch = {
      firstMs: this.#firstMs,
      through: this.last,
      entries: cut.entries,
      bytes: cut.bytes,
      lineBytes: this.#lineBytes,
      rooms: [...this.#rooms.values()],
      held: this.#held,
      times: this.#times,
      unreadable: this.#unreadable,
      isClosed,
      nextMs,
    };
    return { kind: 'batch', batch };
  }
}
