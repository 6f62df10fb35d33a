import type { Arn } from '@roomstream/protocol/arn';

const hourMs = 3_600_000;

/** A room's objects: what all their keys begin with, and which of them may hold records of a span of time. */
export type RoomKeys = {
  readonly prefix: string;
  /** What the keys of an hour's objects begin with. */
  hourPrefix(ms: number): string;
  /** The minute in a key's name, in ms since the epoch; undefined when the key isn't that of a log object. */
  minuteOf(key: string): number | undefined;
};

const name = /_([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})Z_[0-9a-zA-Z]+\.log\.gz$/;

/** The keys of a room's log objects (guide, "Chat Logging", Amazon S3 Bucket). */
export function roomKeys({ region, account, id }: Arn): RoomKeys {
  const prefix = `AWSLogs/${account}/IVSChatLogs/1.0/${region}/room_${id}/`;
  return {
    prefix,
    // 2026-11-22T17:40:00.000Z; before 1970 there are none.
    hourPrefix: (ms) =>
      `${prefix}${new Date(Math.max(Math.floor(ms / hourMs), 0) * hourMs).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/')}/`,
    minuteOf: (key) => {
      const match = name.exec(key);
      if (match === null) return undefined;
      const [, year, month, day, hour, minute] = match.map(Number) as [
        0,
        number,
        number,
        number,
        number,
        number,
      ];
      return Date.UTC(year, month - 1, day, hour, minute);
    },
  };
}
