import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseArn } from '@roomstream/protocol/arn';
import type { ReplayOutput } from '../src/replay/replay.ts';

const arn = parseArn('arn:aws:ivschat:us-west-2:123456789012:room/abc123DEF456');
if (arn === undefined) throw new Error('no ARN');

/** The room whose logs these are. */
export const room = arn;

/** A log: content by key. */
export type Logs = Map<string, Buffer>;

/** The key of an object of the room; `time` is `2026-11-22T17:40`. */
export function keyOf(time: string, hash: string): string {
  const [year, month, day, hour, minute] = time.split(/[-T:]/);
  return `AWSLogs/123456789012/IVSChatLogs/1.0/us-west-2/room_abc123DEF456/${year}/${month}/${day}/${hour}/123456789012_IVSChatLogs_1.0_us-west-2_room_abc123DEF456_${year}${month}${day}T${hour}${minute}Z_${hash}.log.gz`;
}

/** The JSON record of a message; `time` is `2026-11-22T17:40:00.000Z`. */
export function message(time: string, id: string, content = id): string {
  return JSON.stringify({
    event_timestamp: time,
    type: 'MESSAGE',
    version: '1.0',
    payload: {
      Type: 'MESSAGE',
      Id: id,
      Attributes: {},
      Content: content,
      SendTime: time,
      Sender: { UserId: 'alice', Attributes: {} },
    },
  });
}

/** What an object with these lines holds. */
export function gzipped(lines: readonly string[]): Buffer {
  return gzipSync(lines.map((line) => `${line}\n`).join(''));
}

/** Writes logs as the `folder` destination does. */
export function writeLogs(folder: string, logs: Logs): void {
  for (const [key, content] of logs) {
    const path = join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** An output that keeps what it is given, and reads `most` bytes at most. */
export function keptOutput(most = Number.POSITIVE_INFINITY): ReplayOutput & {
  lines(): string[];
  ids(): string[];
  readonly notes: string[];
} {
  let text = '';
  const notes: string[] = [];
  const lines = () => text.split('\n').slice(0, -1);
  return {
    write: async (chunk) => {
      text += chunk.toString();
      return text.length < most;
    },
    note: (line) => void notes.push(line),
    notes,
    lines,
    ids: () => lines().map((line) => (JSON.parse(line) as { payload: { Id: string } }).payload.Id),
  };
}
