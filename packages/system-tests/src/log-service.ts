/** The services that logs go to, by the names that the shipper's metrics give them. */
export type LogServiceKind = 's3' | 'cloudwatch-logs' | 'firehose';

/** All of them. */
export const logServiceKinds: readonly LogServiceKind[] = ['s3', 'cloudwatch-logs', 'firehose'];
