import {
  type CloudWatchLogsClient,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  type RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import { sendAgainIfClosed } from '@roomstream/runtime/aws-client';

/** A log stream of CloudWatch Logs. */
export type LogStream = { readonly logGroupName: string; readonly logStreamName: string };

/** An event as PutLogEvents takes it. */
export type LogEvent = { timestamp: number; message: string };

/** How a request is sent: once, or again at once where the connection was closed, which may write its events twice. */
type Send = <T>(send: () => Promise<T>) => Promise<T>;

/** Once: who sends so must not write anything twice. */
export const sendOnce: Send = (send) => send();

/** The group is the operator's to make; a missing stream is made. Returns the number of events that were refused for good. */
export async function putOrCreate(
  client: CloudWatchLogsClient,
  stream: LogStream,
  events: LogEvent[],
  signal: AbortSignal,
  how: Send = sendAgainIfClosed,
): Promise<number> {
  const put = () => putEvents(client, stream, events, signal, how);
  try {
    return await put();
  } catch (err) {
    if (nameOf(err) !== 'ResourceNotFoundException') throw err;
  }
  await createStream(client, stream, signal);
  return put();
}

/** Whether the stream has an event of exactly this time; a stream that doesn't exist has none. */
export async function hasEventAt(
  client: CloudWatchLogsClient,
  stream: LogStream,
  timeMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  let nextToken: string | undefined;
  for (;;) {
    const range = { startTime: timeMs, endTime: timeMs + 1, startFromHead: true, nextToken };
    const command = new GetLogEventsCommand({ ...stream, ...range });
    try {
      const page = await sendAgainIfClosed(() => client.send(command, { abortSignal: signal }));
      if (page.events?.some(({ timestamp }) => timestamp === timeMs) === true) return true;
      // A page may be empty before the last one, whose token is that of the page before.
      if (page.nextForwardToken === undefined || page.nextForwardToken === nextToken) return false;
      nextToken = page.nextForwardToken;
    } catch (err) {
      if (nameOf(err) === 'ResourceNotFoundException') return false;
      throw err;
    }
  }
}

async function putEvents(
  client: CloudWatchLogsClient,
  stream: LogStream,
  events: LogEvent[],
  signal: AbortSignal,
  how: Send,
): Promise<number> {
  const command = new PutLogEventsCommand({ ...stream, logEvents: events });
  try {
    const output = await how(() => client.send(command, { abortSignal: signal }));
    return countRejected(output.rejectedLogEventsInfo, events.length);
  } catch (err) {
    // From the time of sequence tokens; some emulators still answer so to a repeated request.
    if (nameOf(err) === 'DataAlreadyAcceptedException') return 0;
    throw err;
  }
}

/** Rejects with ResourceNotFoundException when the group is missing. */
async function createStream(client: CloudWatchLogsClient, stream: LogStream, signal: AbortSignal) {
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
