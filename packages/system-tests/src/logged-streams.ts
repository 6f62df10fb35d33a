import {
  type CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { eachOf } from './each-of.ts';
import { byRoom, type LoggedLines } from './logged-lines.ts';

/** An event of CloudWatch Logs. */
export type LoggedEvent = {
  readonly message: string;
  readonly timestampMs: number;
  /** When the service got it. */
  readonly ingestedMs: number;
};

/** The events of every stream of a group, by the stream's name, in the order in which the service gives them. */
export async function readGroup(
  client: CloudWatchLogsClient,
  logGroupName: string,
): Promise<ReadonlyMap<string, readonly LoggedEvent[]>> {
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(new DescribeLogStreamsCommand({ logGroupName, nextToken }));
    names.push(...(page.logStreams ?? []).flatMap(({ logStreamName }) => logStreamName ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  const events = await eachOf(names, 4, (name) => readStream(client, logGroupName, name));
  return new Map(names.map((name, at) => [name, events[at] ?? []]));
}

async function readStream(client: CloudWatchLogsClient, logGroupName: string, logStreamName: string) {
  const events: LoggedEvent[] = [];
  let nextToken: string | undefined;
  for (;;) {
    const page = await client.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, nextToken }),
    );
    for (const { message = '', timestamp = 0, ingestionTime = 0 } of page.events ?? []) {
      events.push({ message, timestampMs: timestamp, ingestedMs: ingestionTime });
    }
    // At the end the same token comes again.
    if (page.nextForwardToken === nextToken || page.events?.length === 0) return events;
    nextToken = page.nextForwardToken;
  }
}

/** The lines of each room; a stream by another name than the guide's is nobody's. */
export function streamLines(streams: ReadonlyMap<string, readonly LoggedEvent[]>): LoggedLines {
  return byRoom(
    [...streams].flatMap(([name, events]) => {
      const room = /^aws\/IVSChatLogs\/1\.0\/room_([a-zA-Z0-9]{12})$/.exec(name)?.[1] ?? name;
      return events.map(({ message }) => [room, message] as const);
    }),
  );
}
