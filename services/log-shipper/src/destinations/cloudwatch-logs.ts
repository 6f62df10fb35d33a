import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { putOrCreate } from '@roomstream/cloudwatch/log-stream';
import type { AwsAccess } from '@roomstream/runtime/aws-access';
import { clientConfig } from '@roomstream/runtime/aws-client';
import type { LogDestination, LogRecord, RoomRecords, Taken } from '../log-destination.ts';
import { cutEvents, fitsEvent } from './cloudwatch-events.ts';
import { countUpTo } from './count-up-to.ts';
import { eachRoom } from './each-room.ts';
import { awsFailureReason } from './failure-reason.ts';
import { formatVersion } from './object-key.ts';

/** CloudWatch Logs. */
export type CloudWatchLogsOptions = {
  readonly access: AwsAccess;
  /** Rooms of one batch that are sent at once; each room's requests go one after the other. */
  readonly atOnce: number;
};

/** Name of the log stream of a room (guide, "Chat Logging"). */
export function streamName(room: string): string {
  return `aws/IVSChatLogs/${formatVersion}/room_${room}`;
}

/** Opens CloudWatch Logs; nothing is asked before the first delivery. */
export function openCloudWatchLogs({ access, atOnce }: CloudWatchLogsOptions) {
  const client = new CloudWatchLogsClient(clientConfig(access));
  return {
    of: (group: string): LogDestination => ({
      kind: 'cloudwatch-logs',
      pace: 'live',
      deliver: (rooms, _windowStartMs, signal) =>
        eachRoom(rooms, {
          atOnce,
          signal,
          reasonOf: awsFailureReason,
          deliver: (room, onTaken) => deliverRoom(client, group, room, signal, onTaken),
        }),
    }),
    close: () => client.destroy(),
  };
}

async function deliverRoom(
  client: CloudWatchLogsClient,
  group: string,
  { room, records }: RoomRecords,
  signal: AbortSignal,
  onTaken: (taken: Taken) => void,
): Promise<number> {
  let rejected = 0;
  const stream = { logGroupName: group, logStreamName: streamName(room) };
  for (const { events, through } of cutEvents(records)) {
    rejected += await putOrCreate(client, stream, events, signal);
    onTaken({ through, rejected: rejected + countUpTo(records, through, isTooLarge) });
  }
  return rejected + records.filter(isTooLarge).length;
}

function isTooLarge(record: LogRecord): boolean {
  return !fitsEvent(record);
}
