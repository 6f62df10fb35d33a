import type { Destination } from '@roomstream/store/records';
import type { Value } from '../model/shapes.ts';

/** The destination of a logging configuration from a union that validation has found to have exactly one member. */
export function destinationOf({
  s3,
  cloudWatchLogs,
  firehose,
}: Value<'DestinationConfiguration'>): Destination {
  if (s3 !== undefined) return { s3 };
  if (cloudWatchLogs !== undefined) return { cloudWatchLogs };
  if (firehose !== undefined) return { firehose };
  throw new Error('a destinationConfiguration without a member has passed validation');
}
