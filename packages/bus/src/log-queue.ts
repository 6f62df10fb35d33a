import type { RedisClient } from '@roomstream/runtime/redis';
import { decodeEntry } from './entry.ts';
import { logConfigurationsKey, logLeaseKey, logQueueKey } from './keys.ts';
import type { LogEntry, LogLane } from './log-group.ts';
import { parsePosition } from './position.ts';
import type { Scripts } from './scripts.ts';
import type { Shard } from './shards.ts';

/** What a read of a queue has found. */
export type LogRead = {
  readonly entries: readonly LogEntry[];
  /** Entries that nobody can read: nothing here writes such. */
  readonly unreadable: number;
  /** The id of the last entry, readable or not; '' when there was none. */
  readonly lastId: string;
};

/** Reads the first `count` entries of a queue behind an id ('' = from the head). Rejects when Redis is away. */
export async function readLogQueue(
  commands: RedisClient,
  shard: Shard,
  configuration: string,
  after: string,
  count: number,
): Promise<LogRead> {
  const from = after === '' ? '-' : `(${after}`;
  const rows = await commands.xrangeBuffer(logQueueKey(shard.tag, configuration), from, '+', 'COUNT', count);
  const entries: LogEntry[] = [];
  let lastId = '';
  for (const [id, fields] of rows) {
    lastId = id.toString('latin1');
    const entry = readEntry(lastId, fields[1]);
    if (entry !== undefined) entries.push(entry);
  }
  return { entries, unreadable: rows.length - entries.length, lastId };
}

function readEntry(entryId: string, bytes: Buffer | undefined): LogEntry | undefined {
  const entry = bytes === undefined ? undefined : decodeEntry(bytes, 0, bytes.length, entryId);
  if (entry?.kind !== 'frame') return undefined;
  const { room, id, body } = entry;
  return { entryId, ms: parsePosition(entryId).ms, room, id, body };
}

/**
 * Removes a lane's records up to and including one, nothing when that one isn't there any more; false when the lease is
 * another's. Rejects when Redis is away.
 */
export async function acknowledgeLogQueue(
  scripts: Scripts,
  shard: Shard,
  lane: LogLane,
  lease: string,
  through: string,
): Promise<boolean> {
  const { tag } = shard;
  const reply = await scripts.acknowledgeLog(
    [logLeaseKey(tag), logQueueKey(tag, lane.configuration), logConfigurationsKey(tag)],
    [lease, through, lane.account + lane.configuration],
  );
  return reply === 1;
}
