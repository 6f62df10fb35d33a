import type { Arn } from '@roomstream/protocol/arn';
import { roomKeys } from './log-keys.ts';
import { logLines } from './log-lines.ts';
import type { LogSource } from './log-source.ts';
import { type ReplayRecord, readRecord } from './replay-record.ts';

/** What is to be read. */
export type Span = {
  readonly room: Arn;
  /** Included, by event_timestamp. */
  readonly fromMs: number;
  /** Excluded. */
  readonly toMs: number;
};

/** Told of each object and line that can't be read; reading goes on behind it. */
export type OnBroken = (key: string, fault: string) => void;

/** Objects are named by the start of their window, which is this long at most. */
const longestWindowMs = 300_000;

/** event_timestamp is when a message was received, the name when the stream had it: a little later, by another clock. */
const slackMs = 60_000;

/** How often an object is fetched without getting a line further. */
const mostAttempts = 3;

/** Doubles are of one window: their objects' names are nearer to each other than this. */
const doublesWithinMs = 2 * longestWindowMs;

/**
 * The records of a room in their order, each Id once. One object is read at a time, and nothing held of it but the line
 * at hand; Ids are remembered for as long as doubles may come.
 */
export async function* readRecords(
  source: LogSource,
  span: Span,
  onBroken: OnBroken,
): AsyncGenerator<ReplayRecord> {
  const seen = new SeenIds();
  for await (const { minuteMs, keys } of minutes(source, span)) {
    seen.forgetBefore(minuteMs - doublesWithinMs);
    for (const key of await inOrder(source, keys)) {
      for await (const record of recordsOf(source, key, onBroken)) {
        if (record.timestampMs < span.fromMs || record.timestampMs >= span.toMs) continue;
        if (seen.add(record.id, minuteMs)) yield record;
      }
    }
  }
}

type Minute = { readonly minuteMs: number; readonly keys: string[] };

/** The objects that may hold records of the span, by the minute of their names. */
async function* minutes(source: LogSource, span: Span): AsyncGenerator<Minute> {
  const { prefix, hourPrefix, minuteOf } = roomKeys(span.room);
  const firstMs = span.fromMs - longestWindowMs - slackMs;
  const lastMs = span.toMs + slackMs;
  let current: Minute | undefined;
  // One listing over all hours, so that a long span costs by its objects and not by its hours.
  for await (const key of source.keys(prefix, hourPrefix(firstMs))) {
    const minuteMs = minuteOf(key);
    if (minuteMs === undefined || minuteMs < firstMs) continue;
    if (minuteMs > lastMs) break;
    if (current?.minuteMs === minuteMs) {
      current.keys.push(key);
      continue;
    }
    if (current !== undefined) yield current;
    current = { minuteMs, keys: [key] };
  }
  if (current !== undefined) yield current;
}

/**
 * A minute may have several objects (short windows, full batches), which the hash in their names doesn't order: their
 * first records do.
 */
async function inOrder(source: LogSource, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length < 2) return keys;
  const firsts: { key: string; ms: number }[] = [];
  for (const key of keys) {
    let ms = Number.POSITIVE_INFINITY;
    for await (const record of recordsOf(source, key, () => undefined)) {
      ms = record.timestampMs;
      break;
    }
    firsts.push({ key, ms });
  }
  return firsts.sort((a, b) => (a.ms < b.ms ? -1 : Number(a.ms > b.ms))).map(({ key }) => key);
}

async function* recordsOf(source: LogSource, key: string, onBroken: OnBroken): AsyncGenerator<ReplayRecord> {
  let linesRead = 0;
  for (let attempt = 1; ; attempt += 1) {
    let number = 0;
    try {
      for await (const line of logLines(await source.open(key))) {
        number += 1;
        if (number <= linesRead) continue;
        linesRead = number;
        attempt = 1;
        const record = readOr(line, (fault) => onBroken(key, `line ${number}: ${fault}`));
        if (record !== undefined) yield record;
      }
      return;
    } catch (error) {
      if (attempt < mostAttempts && isCutOff(error as NodeJS.ErrnoException)) continue;
      onBroken(key, (error as Error).message);
      return;
    }
  }
}

/** A connection may be cut off while a pager holds the output back: then the rest is fetched. */
function isCutOff({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'ETIMEDOUT' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function readOr(line: Buffer, onFault: (fault: string) => void): ReplayRecord | undefined {
  try {
    return readRecord(line);
  } catch (error) {
    onFault((error as Error).message);
    return undefined;
  }
}

/** Ids, by the minute of the objects that they were in. */
class SeenIds {
  #minutes = new Map<number, Set<string>>();

  /** False when it was there already. */
  add(id: string, minuteMs: number): boolean {
    for (const ids of this.#minutes.values()) if (ids.has(id)) return false;
    const ids = this.#minutes.get(minuteMs);
    if (ids === undefined) this.#minutes.set(minuteMs, new Set([id]));
    else ids.add(id);
    return true;
  }

  forgetBefore(minuteMs: number): void {
    for (const minute of this.#minutes.keys()) if (minute < minuteMs) this.#minutes.delete(minute);
  }
}
