import type { Api } from './api.ts';
import { type Configuration, configure } from './log-configurations.ts';
import type { LogServiceKind } from './log-service.ts';
import type { LogServices } from './log-services.ts';
import { type Delivery, deliveryLines } from './logged-deliveries.ts';
import { type LoggedLines, payloadOf } from './logged-lines.ts';
import { type LoggedObject, objectLines, readBucket, readFolder } from './logged-objects.ts';
import { readGroup, streamLines } from './logged-streams.ts';

/** A bucket, log group, delivery stream or folder with its logging configuration. */
export type LoggedPlace = {
  readonly kind: LogServiceKind | 'folder';
  readonly name: string;
  readonly configuration: Configuration;
  /** What it holds of each room now. `roomOf` says which room a message or event belongs to, by its Id: Firehose doesn't. */
  read(roomOf: (id: string) => string): Promise<LoggedLines>;
  /** Every record of it, doubles too, with the time when it was there; S3 tells whole seconds. */
  arrivals(): Promise<readonly Delivery[]>;
};

/** Makes a bucket, log group or delivery stream (unless `isMissing`) and a logging configuration for it. */
export async function openPlace(
  api: Api,
  services: LogServices,
  kind: LogServiceKind,
  name: string,
  { isMissing = false } = {},
): Promise<LoggedPlace> {
  if (!isMissing) await services.make(kind, name);
  const read: Readonly<Record<LogServiceKind, LoggedPlace['read']>> = {
    s3: async () => objectLines(await readBucket(services.s3, name)),
    'cloudwatch-logs': async () => streamLines(await readGroup(services.logs, name)),
    firehose: async (roomOf) =>
      deliveryLines(services.deliveries(name), (line) => roomOf(payloadOf(line).Id)),
  };
  const arrivals: Readonly<Record<LogServiceKind, LoggedPlace['arrivals']>> = {
    s3: async () => objectArrivals(await readBucket(services.s3, name)),
    'cloudwatch-logs': async () =>
      [...(await readGroup(services.logs, name)).values()].flatMap((events) =>
        events.map(({ message, ingestedMs }) => ({ line: message, atMs: ingestedMs })),
      ),
    firehose: async () => services.deliveries(name),
  };
  return {
    kind,
    name,
    configuration: await configure(api, kind, name),
    read: read[kind],
    arrivals: arrivals[kind],
  };
}

/** A bucket that is a folder of this machine, as ROOMSTREAM_LOG_FOLDERS=`<name>=<folder>` has it. */
export async function openFolderPlace(api: Api, folder: string, name: string): Promise<LoggedPlace> {
  return {
    kind: 'folder',
    name,
    configuration: await configure(api, 's3', name),
    read: async () => objectLines(readFolder(folder)),
    arrivals: async () => objectArrivals(readFolder(folder)),
  };
}

const objectArrivals = (objects: readonly LoggedObject[]): Delivery[] =>
  objects.flatMap(({ lines, writtenMs }) => lines.map((line) => ({ line, atMs: writtenMs })));

/** Which room a message or event belongs to, by what the rooms' clients have received; '' when nobody got it. */
export function roomOfId(received: ReadonlyMap<string, readonly string[]>): (id: string) => string {
  const rooms = new Map<string, string>();
  for (const [room, texts] of received) {
    for (const text of texts) rooms.set((JSON.parse(text) as { Id: string }).Id, room);
  }
  return (id) => rooms.get(id) ?? '';
}
