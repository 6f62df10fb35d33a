import { accessSync, constants } from 'node:fs';
import { CloudWatchLogsClient, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { cloudWatchLogsAccess } from '@roomstream/cloudwatch/cloudwatch-settings';
import { folderOf } from '@roomstream/log-shipper/destinations/folder-of';
import { s3Config } from '@roomstream/log-shipper/destinations/s3';
import { firehoseAccess, s3Access } from '@roomstream/log-shipper/destinations/settings';
import type { logShipperSettings } from '@roomstream/log-shipper/settings';
import { clientConfig } from '@roomstream/runtime/aws-client';
import type { Settings } from '@roomstream/runtime/settings';
import type { Destination } from '@roomstream/store/records';
import { explain } from './explain.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

type ShipperSettings = Settings<typeof logShipperSettings>;

const callMs = 10_000;
const options = () => ({ abortSignal: AbortSignal.timeout(callMs) });

/** Tries a destination of logs, and leaves nothing there. */
export function examineDestination(destination: Destination, settings: ShipperSettings): Promise<Finding> {
  if ('cloudWatchLogs' in destination)
    return examineLogGroup(destination.cloudWatchLogs.logGroupName, settings);
  if ('firehose' in destination)
    return examineDeliveryStream(destination.firehose.deliveryStreamName, settings);
  const { bucketName } = destination.s3;
  const folder = folderOf(settings.logFolders, bucketName);
  return folder === undefined ? examineBucket(bucketName, settings) : examineFolder(bucketName, folder);
}

async function examineFolder(
  bucket: string,
  { folder, isMade }: { folder: string; isMade: boolean },
): Promise<Finding> {
  const about = `Bucket ${bucket}, folder ${folder}`;
  try {
    accessSync(folder, constants.W_OK);
    return ok(about, 'can be written');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && isMade) return ok(about, 'is made at the first record');
    return fault(
      about,
      `can’t be written (${code})`,
      'create it, and give the log shipper’s user the right to write there',
    );
  }
}

/** An upload that is begun and broken off needs just the rights that shippers need. */
async function examineBucket(bucket: string, settings: ShipperSettings): Promise<Finding> {
  const about = `Bucket ${bucket}`;
  const access = s3Access.read(settings, settings.region);
  const client = new S3Client(s3Config({ access, forcePathStyle: settings.s3ForcePathStyle }));
  const target = { Bucket: bucket, Key: `AWSLogs/roomstream-doctor-${Date.now()}` };
  const encryption =
    settings.s3KmsKeyId === undefined
      ? {}
      : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: settings.s3KmsKeyId };
  let right = 's3:PutObject (and kms:GenerateDataKey, kms:Decrypt on its key)';
  try {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...target, ...encryption }),
      options(),
    );
    right = 's3:AbortMultipartUpload';
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId }), options());
    return ok(about, 'objects can be written');
  } catch (error) {
    const { says, remedy } = explain(error, right);
    return fault(about, says, remedy);
  } finally {
    client.destroy();
  }
}

/** Events for a log stream that isn't there are refused, by an error that tells whether the group is there and may be written. */
async function examineLogGroup(group: string, settings: ShipperSettings): Promise<Finding> {
  const about = `Log group ${group}`;
  const client = new CloudWatchLogsClient(clientConfig(cloudWatchLogsAccess.read(settings, settings.region)));
  const command = new PutLogEventsCommand({
    logGroupName: group,
    logStreamName: `roomstream-doctor-${Date.now()}`,
    logEvents: [{ timestamp: Date.now(), message: 'roomstream doctor' }],
  });
  try {
    await client.send(command, options());
    return ok(about, 'events can be written');
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ResourceNotFoundException') {
      if (/stream/i.test(message)) return ok(about, 'is there, and events may be written');
      return fault(
        about,
        'there is no such log group',
        'create it, or mend the logging configuration; look at region and account',
      );
    }
    const { says, remedy } = explain(error, 'logs:PutLogEvents and logs:CreateLogStream');
    return fault(about, says, remedy);
  } finally {
    client.destroy();
  }
}

/** Nothing but a record would show that records may be put; what can be seen without one is whether the stream is there. */
async function examineDeliveryStream(name: string, settings: ShipperSettings): Promise<Finding> {
  const about = `Delivery stream ${name}`;
  const client = new FirehoseClient(clientConfig(firehoseAccess.read(settings, settings.region)));
  try {
    const answer = await client.send(
      new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }),
      options(),
    );
    const status = answer.DeliveryStreamDescription?.DeliveryStreamStatus;
    if (status === 'ACTIVE')
      return ok(about, 'is active; whether firehose:PutRecordBatch is allowed only a record would show');
    return warning(about, `is ${status}`, 'records are taken once it is ACTIVE');
  } catch (error) {
    const { says, remedy } = explain(error, 'firehose:PutRecordBatch');
    if (/^AccessDenied/.test((error as Error).name))
      return warning(
        about,
        'can’t be looked at without firehose:DescribeDeliveryStream',
        'allow it, or send a message in a room that is logged there',
      );
    return fault(about, says, remedy);
  } finally {
    client.destroy();
  }
}
