import { readFileSync } from 'node:fs';
import type { RedisClient } from '@roomstream/runtime/redis';

/** The scripts of the bus as functions, bound to one connection. */
export type Scripts = {
  /** Arguments as in lua/publish-entries-n.lua; answers an id or microseconds of refusal per publish. */
  publishEntries(
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly (string | number)[]>;
  /** Arguments as in lua/read-position-1.lua. */
  readPosition(stream: string, position: string, identity: string): Promise<PositionReply>;
  /** Answers the number of entries removed. */
  trimStream(stream: string, retentionMs: number): Promise<number>;
  /** Arguments as in lua/settle-review-5.lua; whether this run settled the message. */
  settleReview(
    keys: readonly [stream: string, roomStream: string, verdicts: string, queue: string, dead: string],
    args: readonly [channel: string, group: string, entryId: string, verdict: string],
  ): Promise<0 | 1>;
  /** Number of messages that wait for review, and the id of the oldest or ''. */
  reviewBacklog(stream: string): Promise<readonly [count: number, oldest: string]>;
  /** Arguments as in lua/forget-consumers-1.lua. */
  forgetConsumers(stream: string, group: string, idleMs: number, own: string): Promise<number>;
  /** Answers seconds and microseconds. */
  readClock(key: string): Promise<readonly [string, string]>;
};

/** What lua/read-position-1.lua answers. */
export type PositionReply = readonly [
  last: string,
  added: number,
  length: number,
  first: string,
  isThere: 0 | 1,
  lastIdentity: string,
];

// Compiled code is in dist/src, the scripts stay in lua/.
const folder = new URL('../../lua/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');

const commands = {
  roomstreamPublishEntries: { lua: read('publish-entries-n.lua') },
  roomstreamReadPosition: { lua: read('read-position-1.lua'), numberOfKeys: 1 },
  roomstreamTrimStream: { lua: read('trim-stream-1.lua'), numberOfKeys: 1 },
  roomstreamSettleReview: { lua: read('settle-review-5.lua'), numberOfKeys: 5 },
  roomstreamReviewBacklog: { lua: read('review-backlog-1.lua'), numberOfKeys: 1 },
  roomstreamForgetConsumers: { lua: read('forget-consumers-1.lua'), numberOfKeys: 1 },
  roomstreamReadClock: { lua: read('read-clock-1.lua'), numberOfKeys: 1 },
};

type Run = (...args: (string | number)[]) => Promise<unknown>;

/** Registers the scripts with a connection. */
export function defineScripts(client: RedisClient): Scripts {
  for (const [name, definition] of Object.entries(commands)) client.defineCommand(name, definition);
  // The client library adds a method per script, which its types can't know.
  const run = client as unknown as Record<keyof typeof commands, Run>;
  return {
    publishEntries: (keys, args) =>
      run.roomstreamPublishEntries(keys.length, ...keys, ...args) as Promise<(string | number)[]>,
    readPosition: (stream, position, identity) =>
      run.roomstreamReadPosition(stream, position, identity) as Promise<PositionReply>,
    trimStream: (stream, retentionMs) => run.roomstreamTrimStream(stream, retentionMs) as Promise<number>,
    settleReview: (keys, args) => run.roomstreamSettleReview(...keys, ...args) as Promise<0 | 1>,
    reviewBacklog: (stream) => run.roomstreamReviewBacklog(stream) as Promise<[number, string]>,
    forgetConsumers: (stream, group, idleMs, own) =>
      run.roomstreamForgetConsumers(stream, group, idleMs, own) as Promise<number>,
    readClock: (key) => run.roomstreamReadClock(key) as Promise<[string, string]>,
  };
}
