import { createHash } from 'node:crypto';
import type { RoomRecords } from '../log-destination.ts';

/** Version of the format of records, and of the names of what holds them. */
export const formatVersion = '1.0';

/**
 * Key of the S3 object that holds a room's records of one batch (guide, "Chat Logging"); the date is UTC. The hash at its
 * end follows from the configuration and the first and last record, so that every process that ships the same batch
 * writes the same object, and no two batches share one.
 */
export function objectKey(
  region: string,
  configuration: string,
  { account, room, records }: RoomRecords,
  windowStartMs: number,
): string {
  const [year, month, day, hour, minute] = new Date(windowStartMs).toISOString().split(/[-T:]/) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const folder = `AWSLogs/${account}/IVSChatLogs/${formatVersion}/${region}/room_${room}/${year}/${month}/${day}/${hour}`;
  const time = `${year}${month}${day}T${hour}${minute}Z`;
  const hash = createHash('sha256')
    .update(`${configuration} ${records[0]?.entryId} ${records.at(-1)?.entryId}`)
    .digest('hex')
    .slice(0, 8);
  return `${folder}/${account}_IVSChatLogs_${formatVersion}_${region}_room_${room}_${time}_${hash}.log.gz`;
}
