import { join } from 'node:path';
import { isBucketName, type LogFolders } from './settings.ts';

/** A folder in the place of a bucket. */
export type BucketFolder = {
  readonly folder: string;
  /** Whether it is made when it is missing. */
  readonly isMade: boolean;
};

/** The folder in the place of a bucket, if there is one. The name comes from users: one that isn't a bucket's leads nowhere. */
export function folderOf({ byBucket, others }: LogFolders, bucket: string): BucketFolder | undefined {
  const named = byBucket.get(bucket);
  if (named !== undefined) return { folder: named, isMade: false };
  if (others === undefined || !isBucketName(bucket)) return undefined;
  return { folder: join(others, bucket), isMade: true };
}
