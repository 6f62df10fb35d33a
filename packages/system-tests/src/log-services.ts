import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { fleetRegion } from '@roomstream/testing/fleet';
import { type Moto, startMoto } from '@roomstream/testing/moto';
import { pythonTools } from '@roomstream/testing/python-tools';
import type { LogServiceKind } from './log-service.ts';
import { startDeliveryEndpoint } from './logged-deliveries.ts';

/** S3, CloudWatch Logs and Firehose: moto's servers, one process each, with nothing in them. */
export type LogServices = {
  readonly urls: Readonly<Record<LogServiceKind, string>>;
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
  readonly firehose: FirehoseClient;
  /** Makes a bucket, a log group, or a delivery stream that delivers to an endpoint of this process. */
  make(kind: LogServiceKind, name: string): Promise<void>;
  /** Makes a delivery stream whose records come to the bucket of this name, in the S3 of the same process of moto. */
  makeDeliveryToBucket(name: string, bucket: string): Promise<S3Client>;
  /** What the delivery stream has delivered to this process, in order. */
  readonly deliveries: Awaited<ReturnType<typeof startDeliveryEndpoint>>['deliveries'];
  /** Processes of moto; their CPU is nobody's cost. */
  readonly pids: readonly number[];
  close(): Promise<void>;
};

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' } as const;
const role = 'arn:aws:iam::123456789012:role/firehose';

/** Starts them. */
export async function startLogServices(): Promise<LogServices> {
  const tools = await pythonTools();
  if (tools === undefined) throw new Error('needs python3');
  const started = await Promise.allSettled([startMoto(tools), startMoto(tools), startMoto(tools)]);
  const motos = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = () => Promise.all(motos.map((moto) => moto.stop()));
  const [forS3, forLogs, forFirehose] = motos;
  if (forS3 === undefined || forLogs === undefined || forFirehose === undefined) {
    await stop();
    throw started.find((result) => result.status === 'rejected')?.reason;
  }
  const endpoint = await startDeliveryEndpoint();
  const s3 = openS3(forS3);
  const s3OfFirehose = openS3(forFirehose);
  const common = { region: fleetRegion, credentials: { ...credentials } };
  const logs = new CloudWatchLogsClient({ ...common, endpoint: forLogs.url });
  const firehose = new FirehoseClient({ ...common, endpoint: forFirehose.url });
  return {
    urls: { s3: forS3.url, 'cloudwatch-logs': forLogs.url, firehose: forFirehose.url },
    s3,
    logs,
    firehose,
    make: async (kind, name) => {
      if (kind === 's3') await createBucket(s3, name);
      else if (kind === 'cloudwatch-logs') await logs.send(new CreateLogGroupCommand({ logGroupName: name }));
      else await createDelivery(firehose, name, endpoint.urlOf(name));
    },
    makeDeliveryToBucket: async (name, bucket) => {
      await createBucket(s3OfFirehose, bucket);
      const S3DestinationConfiguration = { RoleARN: role, BucketARN: `arn:aws:s3:::${bucket}` };
      await firehose.send(
        new CreateDeliveryStreamCommand({ DeliveryStreamName: name, S3DestinationConfiguration }),
      );
      return s3OfFirehose;
    },
    deliveries: endpoint.deliveries,
    pids: [forS3.pid, forLogs.pid, forFirehose.pid],
    close: async () => {
      for (const client of [s3, s3OfFirehose, logs, firehose]) client.destroy();
      await endpoint.close();
      await stop();
    },
  };
}

/** Settings with which shippers reach the services, or what stands before them. */
export function logServicesEnv(urls: LogServices['urls']): Readonly<Record<string, string>> {
  const access = (area: string, url: string) => ({
    [`ROOMSTREAM_${area}_ENDPOINT`]: url,
    [`ROOMSTREAM_${area}_ACCESS_KEY_ID`]: credentials.accessKeyId,
    [`ROOMSTREAM_${area}_SECRET_ACCESS_KEY`]: credentials.secretAccessKey,
  });
  return {
    ...access('S3', urls.s3),
    ROOMSTREAM_S3_FORCE_PATH_STYLE: 'true',
    ...access('CLOUDWATCH_LOGS', urls['cloudwatch-logs']),
    ...access('FIREHOSE', urls.firehose),
  };
}

function openS3({ url }: Moto): S3Client {
  return new S3Client({
    endpoint: url,
    region: fleetRegion,
    forcePathStyle: true,
    credentials: { ...credentials },
  });
}

/** Every version of an object is kept, so that overwrites are seen. */
async function createBucket(client: S3Client, Bucket: string): Promise<void> {
  await client.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: fleetRegion } }),
  );
  await client.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
}

async function createDelivery(client: FirehoseClient, name: string, url: string): Promise<void> {
  await client.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: name,
      HttpEndpointDestinationConfiguration: {
        EndpointConfiguration: { Url: url, Name: name },
        S3Configuration: { RoleARN: role, BucketARN: 'arn:aws:s3:::unused' },
      },
    }),
  );
}
