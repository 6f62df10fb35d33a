import type { Api } from './api.ts';
import type { LogServiceKind } from './log-service.ts';

/** A logging configuration of the API. */
export type Configuration = { readonly arn: string; readonly id: string };

/** Creates a logging configuration for a bucket, log group or delivery stream. */
export async function configure(api: Api, kind: LogServiceKind, name: string): Promise<Configuration> {
  const { arn, id } = await api.client.createLoggingConfiguration({
    destinationConfiguration: destinationOf(kind, name),
  });
  if (arn === undefined || id === undefined)
    throw new Error('CreateLoggingConfiguration answered without arn or id');
  return { arn, id };
}

/** A destination as the API takes it. */
export function destinationOf(kind: LogServiceKind, name: string) {
  if (kind === 's3') return { s3: { bucketName: name } };
  if (kind === 'cloudwatch-logs') return { cloudWatchLogs: { logGroupName: name } };
  return { firehose: { deliveryStreamName: name } };
}

/** The id in an ARN. */
export function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
