import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  type RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import type { AwsAccess } from '@roomstream/runtime/aws-access';
import type { LogDestination, LogRecord, RoomRecords, Taken } from '../log-destination.ts';
import { clientConfig, sendAgainIfClosed } from './aws-client.ts';
import { cutEvents, fitsEvent, type LogEvent } from './cloudwatch-events.ts';
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

type Stream = { readonly logGroupName: string; readonly logStreamName: string };

/** The group is the operator's to make; a missing stream is made. Returns the number of events that were refused for good. */
async function putOrCreate(
  client: CloudWatchLogsClient,
  stream: Stream,
  events: LogEvent[],
  signal: AbortSignal,
): Promise<number> {
  try {
    return await putEvents(client, stream, events, signal);
  } catch (err) {
    if (nameOf(err) !== 'ResourceNotFoundException') throw err;
  }
  await createStream(client, stream, signal);
  return putEvents(client, stream, events, signal);
}

async function putEvents(
  client: CloudWatchLogsClient,
  stream: Stream,
  events: LogEvent[],
  signal: AbortSignal,
): Promise<number> {
  const command = new PutLogEventsCommand({ ...stream, logEvents: events });
  try {
    const output = await sendAgainIfClosed(() => client.send(command, { abortSignal: signal }));
    return countRejected(output.rejectedLogEventsInfo, events.length);
  } catch (err) {
    // From the time of sequence tokens; some emulators still answer so to a repeated request.
    if (nameOf(err) === 'DataAlreadyAcceptedException') return 0;
    throw err;
  }
}

/** Rejects with ResourceNotFoundException when the group is missing. */
async function createStream(client: CloudWatchLogsClient, stream: Stream, signal: AbortSignal) {
  try {
    await client.send(new CreateLogStreamCommand(stream), { abortSignal: signal });
  } catch (err) {
    // Another process was faster.
    if (nameOf(err) !== 'ResourceAlreadyExistsException') throw err;
  }
}

/** How many of `total` events the ranges take away: too old or expired at the front, too new at the end. Pure. */
export function countRejected(info: RejectedLogEventsInfo | undefined, total: number): number {
  if (info === undefined) return 0;
  const firstTaken = Math.max(info.tooOldLogEventEndIndex ?? 0, info.expiredLogEventEndIndex ?? 0);
  const firstTooNew = info.tooNewLogEventStartIndex ?? total;
  return total - Math.max(0, firstTooNew - firstTaken);
}

function nameOf(err: unknown): string | undefined {
  return err instanceof Error ? err.name : undefined;
}
