import assert from 'node:assert/strict';
import type { ServerFrame } from './raw-client.ts';

/** What a destination holds of each room (by its id), in the order of the destination. */
export type LoggedLines = ReadonlyMap<string, readonly string[]>;

/**
 * The record that a frame must be logged as, to the byte (guide, "Chat Logging", Message Content): the payload is "the
 * JSON payload that clients will receive".
 */
export function recordOf(text: string): string {
  const { SendTime, Type } = JSON.parse(text) as ServerFrame;
  return `{"event_timestamp":"${SendTime}","type":"${Type}","version":"1.0","payload":${text}}`;
}

/** The frame in a record. */
export function payloadOf(line: string): ServerFrame {
  return (JSON.parse(line) as { payload: ServerFrame }).payload;
}

/** Lines of a file or of several records, each of which must be ended by a newline. */
export function linesOf(bytes: Buffer): string[] {
  const text = bytes.toString();
  assert.ok(text.endsWith('\n'), 'the last record is not ended by a newline');
  return text.slice(0, -1).split('\n');
}

/** Puts lines with their rooms together, keeping their order. */
export function byRoom(lines: Iterable<readonly [room: string, line: string]>): LoggedLines {
  const rooms = new Map<string, string[]>();
  for (const [room, line] of lines) {
    const known = rooms.get(room);
    if (known === undefined) rooms.set(room, [line]);
    else known.push(line);
  }
  return rooms;
}

/**
 * A room's log after doubles are removed by Id: exactly what its clients received, each record to the byte, in their
 * order. Returns how many doubles there were.
 */
export function assertLogged(received: readonly string[], logged: readonly string[], what: string): number {
  const wanted = received.map(recordOf);
  const seen = new Set<string>();
  const once = logged.filter((line) => {
    const { Id } = payloadOf(line);
    if (seen.has(Id)) return false;
    seen.add(Id);
    return true;
  });
  const at = wanted.findIndex((line, n) => line !== once[n]);
  if (at !== -1) {
    const known = new Set(once);
    const missing = wanted.filter((line) => !known.has(line)).length;
    assert.fail(
      `${what}: record ${at} of ${wanted.length} is ${once[at]} instead of ${wanted[at]}; ${missing} are missing`,
    );
  }
  assert.equal(once.length, wanted.length, `${what}: more than was received: ${once[wanted.length]}`);
  return logged.length - once.length;
}
