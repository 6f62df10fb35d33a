/** A record of a log, as far as a replay looks into it. */
export type ReplayRecord = {
  /** The JSON record as it is in the log. */
  readonly line: Buffer;
  readonly timestampMs: number;
  readonly id: string;
  readonly payload: Payload;
};

type Payload = {
  readonly Type: unknown;
  readonly Content: unknown;
  readonly EventName: unknown;
  readonly Attributes: unknown;
  readonly Sender: unknown;
};

/** Reads a line of a log. Throws an Error that says what is wrong with it. */
export function readRecord(line: Buffer): ReplayRecord {
  const record = objectOf(JSON.parse(line.toString('utf8')));
  const payload = objectOf(record['payload']);
  const timestampMs = Date.parse(`${record['event_timestamp']}`);
  if (Number.isNaN(timestampMs)) throw new Error('event_timestamp is missing or no time');
  const id = payload['Id'];
  if (typeof id !== 'string' || id === '') throw new Error('payload.Id is missing');
  return { line, timestampMs, id, payload: payload as Payload };
}

/** The record as a line for people: time, sender, content; events with their name and attributes. */
export function recordText({ timestampMs, payload }: ReplayRecord): string {
  const time = new Date(timestampMs).toISOString();
  if (payload.Type === 'EVENT')
    return `${time} * ${plain(payload.EventName)} ${plain(JSON.stringify(payload.Attributes ?? {}))}`;
  const { UserId } = (payload.Sender ?? {}) as { UserId?: unknown };
  return `${time} ${plain(UserId)}: ${plain(payload.Content)}`;
}

/** Control characters, line separators, and marks that turn the direction of what follows them. */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Users wrote it: such a character would break the line, command the terminal, or make it read differently. */
function plain(value: unknown): string {
  return `${value ?? ''}`.replaceAll(unsafe, (character) => {
    if (character === '\n') return '\\n';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('it is no record');
  return value as Record<string, unknown>;
}
