import {
  GetLoggingConfigurationCommand,
  GetRoomCommand,
  type IvschatClient,
  ListRoomsCommand,
} from '@aws-sdk/client-ivschat';
import { ReplayError } from '@roomstream/log-shipper/replay/replay-error';
import type { ReplayDestination } from '@roomstream/log-shipper/replay/replay-options';
import { type Arn, parseArn } from '@roomstream/protocol/arn';
import { inWords, localApi } from './local-api.ts';
import { bucketFolder } from './log-folders.ts';
import { type Running, readRunning } from './running-file.ts';

/** What is to be replayed. */
export type Logs = { readonly room: Arn; readonly destination: ReplayDestination };

/**
 * Finds what the options of a replay leave open, a room's ARN by its name and where its logs are, by asking the
 * Roomstream that runs on the data folder. Throws a ReplayError that names the option to give instead.
 */
export async function findLogs(
  room: string,
  destination: ReplayDestination | undefined,
  dataFolder: string,
): Promise<Logs> {
  const arn = roomArn(room);
  if (arn !== undefined && destination !== undefined) return { room: arn, destination };
  const running = readRunning(dataFolder);
  if (running === undefined) {
    const missing = arn === undefined ? '--room must be an ARN' : '--destination is missing';
    throw new ReplayError(2, `${missing}: no Roomstream runs on the data folder ${dataFolder} to be asked.`);
  }
  const client = localApi(running, 'give --room as an ARN, and --destination');
  try {
    const found = arn ?? (await inWords(running, roomOfName(client, room)));
    return {
      room: found,
      destination: destination ?? (await inWords(running, destinationOf(client, running, found, room))),
    };
  } finally {
    client.destroy();
  }
}

/** undefined when it is a name. */
function roomArn(text: string): Arn | undefined {
  const arn = parseArn(text);
  if (arn?.kind === 'room') return arn;
  if (!text.startsWith('arn:')) return undefined;
  throw new ReplayError(2, `--room must be the ARN of a room; got ${JSON.stringify(text)}.`);
}

async function roomOfName(client: IvschatClient, name: string): Promise<Arn> {
  const { rooms } = await client.send(new ListRoomsCommand({ name, maxResults: 1 }));
  const arn = parseArn(rooms?.[0]?.arn ?? '');
  if (arn === undefined) throw new ReplayError(2, `--room: there is no room named ${JSON.stringify(name)}.`);
  return arn;
}

/** Where the first of the room's logging configurations with a bucket puts its records. */
async function destinationOf(
  client: IvschatClient,
  running: Running,
  { region, account, id }: Arn,
  named: string,
): Promise<ReplayDestination> {
  const identifier = `arn:aws:ivschat:${region}:${account}:room/${id}`;
  const room = await client.send(new GetRoomCommand({ identifier })).catch((error: Error) => {
    if (error.name !== 'ResourceNotFoundException') throw error;
    throw new ReplayError(1, `${named} isn't here (any more): say where its logs are with --destination.`);
  });
  for (const configuration of room.loggingConfigurationIdentifiers ?? []) {
    const found = await client.send(new GetLoggingConfigurationCommand({ identifier: configuration }));
    const bucket = found.destinationConfiguration?.s3?.bucketName;
    if (bucket === undefined) continue;
    const folder = bucketFolder(running.logFolders, bucket);
    return folder === undefined ? { kind: 's3', bucket } : { kind: 'folder', folder };
  }
  throw new ReplayError(
    1,
    `${named} has no logging configuration with a bucket: say where its logs are with --destination.`,
  );
}
