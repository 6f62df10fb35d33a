import type { LogRecord, RoomRecords } from '../log-destination.ts';

/** Limits of PutRecordBatch, in bytes before base64. */
const most = { records: 500, bytes: 4 * 1024 * 1024, recordBytes: 1_000 * 1024 };

const newline = 0x0a;

/** The records of one PutRecordBatch. */
export type FirehoseRequest = {
  readonly records: { Data: Uint8Array }[];
  /** For each record, the index of its room in the batch. */
  readonly roomOf: readonly number[];
  /** For each record, its entry id. */
  readonly entryIds: readonly string[];
};

/** Whether Firehose takes a record of this size, newline included. */
export function fitsRecord({ line }: LogRecord): boolean {
  return line.length + 1 <= most.recordBytes;
}

type Place = { readonly room: number; readonly record: LogRecord };

/**
 * The records of all rooms as requests of PutRecordBatch that keep its limits, one made at a time, each record ended by a
 * newline. Records that don't fit are left out, and so are those of rooms that `isOut` names when it is their turn.
 */
export function* cutRequests(
  rooms: readonly RoomRecords[],
  isOut: (room: number) => boolean,
): Generator<FirehoseRequest> {
  let places: Place[] = [];
  let bytes = 0;
  for (const [room, { records }] of rooms.entries()) {
    for (const record of records) {
      if (isOut(room)) break;
      if (!fitsRecord(record)) continue;
      const size = record.line.length + 1;
      if (places.length === most.records || bytes + size > most.bytes) {
        yield requestOf(places, bytes);
        places = [];
        bytes = 0;
        if (isOut(room)) break;
      }
      places.push({ room, record });
      bytes += size;
    }
  }
  if (places.length > 0) yield requestOf(places, bytes);
}

/** One piece of memory for all lines of a request; each record is a part of it. */
function requestOf(places: readonly Place[], bytes: number): FirehoseRequest {
  const memory = Buffer.allocUnsafe(bytes);
  const records: { Data: Uint8Array }[] = [];
  let offset = 0;
  for (const {
    record: { line },
  } of places) {
    const start = offset;
    offset += line.copy(memory, offset);
    memory[offset++] = newline;
    records.push({ Data: memory.subarray(start, offset) });
  }
  return {
    records,
    roomOf: places.map(({ room }) => room),
    entryIds: places.map(({ record }) => record.entryId),
  };
}
