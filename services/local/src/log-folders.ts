import { join } from 'node:path';
import type { LogFolders } from '@roomstream/log-shipper/destinations/settings';

/** Which buckets are folders of this machine, as the note of a running instance says it. */
export type NotedLogFolders = {
  readonly byBucket: Readonly<Record<string, string>>;
  readonly others?: string;
};

/** The setting in the form of the note. */
export function notedLogFolders({ byBucket, others }: LogFolders): NotedLogFolders {
  return { byBucket: Object.fromEntries(byBucket), ...(others === undefined ? {} : { others }) };
}

/** The folder in the place of a bucket; undefined: it is a bucket of S3. */
export function bucketFolder({ byBucket, others }: NotedLogFolders, bucket: string): string | undefined {
  if (Object.hasOwn(byBucket, bucket)) return byBucket[bucket];
  return others === undefined ? undefined : join(others, bucket);
}
