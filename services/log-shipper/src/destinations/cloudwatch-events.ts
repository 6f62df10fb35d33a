import type { LogEvent } from '@roomstream/cloudwatch/log-stream';
import type { LogRecord } from '../log-destination.ts';

/** Limits of PutLogEvents: bytes count as UTF-8 and 26 for each event. */
const most = { bytes: 1_048_576, events: 10_000, eventBytes: 262_144, spanMs: 24 * 3_600_000 };
const eventOverhead = 26;

/** What goes in one request. */
export type EventsRequest = {
  readonly events: LogEvent[];
  /** The entry id of the last record in it. */
  readonly through: string;
};

/** Whether CloudWatch Logs takes a record of this size. */
export function fitsEvent({ line }: LogRecord): boolean {
  return line.length + eventOverhead <= most.eventBytes;
}

/**
 * The records as requests of PutLogEvents that keep its limits, one made at a time. Times never go back: an event that
 * claims to be older than the one before it gets that one's time. Records that don't fit are left out.
 */
export function* cutEvents(records: readonly LogRecord[]): Generator<EventsRequest> {
  let events: LogEvent[] = [];
  let through = '';
  let bytes = 0;
  let firstMs = 0;
  let lastMs = 0;
  for (const record of records) {
    if (!fitsEvent(record)) continue;
    const ms = Math.max(record.ms, lastMs);
    const size = record.line.length + eventOverhead;
    const isFull = events.length === most.events || bytes + size > most.bytes || ms - firstMs >= most.spanMs;
    if (isFull && events.length > 0) {
      yield { events, through };
      events = [];
      bytes = 0;
    }
    if (events.length === 0) firstMs = ms;
    events.push({ timestamp: ms, message: record.line.toString() });
    bytes += size;
    lastMs = ms;
    through = record.entryId;
  }
  if (events.length > 0) yield { events, through };
}
