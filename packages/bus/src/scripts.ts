import { readFileSync } from 'node:fs';
import type { RedisClient } from '@roomstream/runtime/redis';

/** The scripts of the bus as functions, bound to one connection. */
export type Scripts = {
  /** Arguments as in lua/publish-entries-n.lua; answers an id or microseconds of refusal per publish. */
  publishEntries(
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly (string | number)[]>;
  /** Arguments as in lua/read-positions-1.lua. */
  readPositions(stream: string, positions: readonly string[]): Promise<PositionsReply>;
  /** Arguments as in lua/read-room-1.lua; what it answers, ids and entries as bytes. */
  readRoom(stream: string, args: readonly (string | number)[]): Promise<RoomReply>;
  /** Answers the number of entries removed. */
  trimStream(stream: string, retentionMs: number): Promise<number>;
  /** What lua/measure-streams-n.lua answers. */
  measureStreams(
    streams: readonly string[],
  ): Promise<readonly (readonly [entries: number, oldest: string, bytes: number])[]>;
  /** Arguments as in lua/settle-review-n.lua; whether this run settled the message, or whose log queues are missing. */
  settleReview(
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<0 | 1 | readonly string[]>;
  /** Number of messages that wait for review, and the id of the oldest or ''. */
  reviewBacklog(stream: string): Promise<readonly [count: number, oldest: string]>;
  /** Arguments as in lua/forget-consumers-1.lua. */
  forgetConsumers(stream: string, group: string, idleMs: number, own: string): Promise<number>;
  /** Arguments as in lua/list-shippers-1.lua; answers the shippers that live. */
  listShippers(key: string, shipper: string, aliveMs: number): Promise<readonly string[]>;
  /** Arguments as in lua/take-log-lease-2.lua; answers the lease, or '' when another shipper has it. */
  takeLogLease(lease: string, fence: string, shipper: string, leaseMs: number): Promise<string>;
  /** Answers 1 when the lease was this one and is gone now. */
  giveLogLease(lease: string, value: string): Promise<0 | 1>;
  /** Arguments as in lua/poll-logs-n.lua. */
  pollLogs(keys: readonly string[], args: readonly (string | number)[]): Promise<LogPollReply>;
  /** Arguments as in lua/acknowledge-log-3.lua; 0: the lease is lost. */
  acknowledgeLog(
    keys: readonly [lease: string, queue: string, configurations: string],
    args: readonly [value: string, through: string, owner: string],
  ): Promise<0 | 1>;
  /** Answers seconds and microseconds. */
  readClock(key: string): Promise<readonly [string, string]>;
};

/** What lua/read-positions-1.lua answers. */
export type PositionsReply = readonly [
  last: string,
  added: number,
  length: number,
  first: string,
  lastIdentity: string,
  ...isThere: readonly (0 | 1)[],
];

/** What lua/read-room-1.lua answers. */
export type RoomReply = readonly [scanned: number, lastId: Buffer, ...idsAndEntries: readonly Buffer[]];

/** What lua/poll-logs-n.lua answers; '' when the lease is lost. */
export type LogPollReply =
  | ''
  | readonly [
      lanes: readonly (readonly [owner: string, records: number, oldestId: string])[],
      unknown: readonly string[],
      dropped: readonly string[],
    ];

// Compiled code is in dist/src, the scripts stay in lua/.
const folder = new URL('../../lua/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
/** A script that adds entries to a shard's stream. */
const readAdding = (file: string) => `${read('add-entries.lua')}\n${read(file)}`;

const commands = {
  roomstreamPublishEntries: { lua: readAdding('publish-entries-n.lua') },
  roomstreamReadPositions: { lua: read('read-positions-1.lua'), numberOfKeys: 1 },
  roomstreamReadRoom: { lua: read('read-room-1.lua'), numberOfKeys: 1 },
  roomstreamTrimStream: { lua: read('trim-stream-1.lua'), numberOfKeys: 1 },
  roomstreamMeasureStreams: { lua: read('measure-streams-n.lua') },
  roomstreamSettleReview: { lua: readAdding('settle-review-n.lua') },
  roomstreamReviewBacklog: { lua: read('review-backlog-1.lua'), numberOfKeys: 1 },
  roomstreamForgetConsumers: { lua: read('forget-consumers-1.lua'), numberOfKeys: 1 },
  roomstreamListShippers: { lua: read('list-shippers-1.lua'), numberOfKeys: 1 },
  roomstreamTakeLogLease: { lua: read('take-log-lease-2.lua'), numberOfKeys: 2 },
  roomstreamGiveLogLease: { lua: read('give-log-lease-1.lua'), numberOfKeys: 1 },
  roomstreamPollLogs: { lua: read('poll-logs-n.lua') },
  roomstreamAcknowledgeLog: { lua: read('acknowledge-log-3.lua'), numberOfKeys: 3 },
  roomstreamReadClock: { lua: read('read-clock-1.lua'), numberOfKeys: 1 },
};

type Run = (...args: (string | number)[]) => Promise<unknown>;

/** Registers the scripts with a connection. */
export function defineScripts(client: RedisClient): Scripts {
  for (const [name, definition] of Object.entries(commands)) client.defineCommand(name, definition);
  // The client library adds two methods per script, which its types can't know.
  const run = client as unknown as Record<keyof typeof commands | 'roomstreamReadRoomBuffer', Run>;
  return {
    publishEntries: (keys, args) =>
      run.roomstreamPublishEntries(keys.length, ...keys, ...args) as Promise<(string | number)[]>,
    readPositions: (stream, positions) =>
      run.roomstreamReadPositions(stream, ...positions) as Promise<PositionsReply>,
    readRoom: (stream, args) => run.roomstreamReadRoomBuffer(stream, ...args) as Promise<RoomReply>,
    trimStream: (stream, retentionMs) => run.roomstreamTrimStream(stream, retentionMs) as Promise<number>,
    measureStreams: (streams) =>
      run.roomstreamMeasureStreams(streams.length, ...streams) as Promise<[number, string, number][]>,
    settleReview: (keys, args) =>
      run.roomstreamSettleReview(keys.length, ...keys, ...args) as Promise<0 | 1 | string[]>,
    reviewBacklog: (stream) => run.roomstreamReviewBacklog(stream) as Promise<[number, string]>,
    forgetConsumers: (stream, group, idleMs, own) =>
      run.roomstreamForgetConsumers(stream, group, idleMs, own) as Promise<number>,
    listShippers: (key, shipper, aliveMs) =>
      run.roomstreamListShippers(key, shipper, aliveMs) as Promise<string[]>,
    takeLogLease: (lease, fence, shipper, leaseMs) =>
      run.roomstreamTakeLogLease(lease, fence, shipper, leaseMs) as Promise<string>,
    giveLogLease: (lease, value) => run.roomstreamGiveLogLease(lease, value) as Promise<0 | 1>,
    pollLogs: (keys, args) => run.roomstreamPollLogs(keys.length, ...keys, ...args) as Promise<LogPollReply>,
    acknowledgeLog: (keys, args) => run.roomstreamAcknowledgeLog(...keys, ...args) as Promise<0 | 1>,
    readClock: (key) => run.roomstreamReadClock(key) as Promise<[string, string]>,
  };
}
