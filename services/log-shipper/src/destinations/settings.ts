import { resolve } from 'node:path';
import { cloudWatchLogsAccess } from '@roomstream/cloudwatch/cloudwatch-settings';
import { awsAccess } from '@roomstream/runtime/aws-access';
import { flag, integer, optionalText } from '@roomstream/runtime/setting-kinds';
import type { Setting, SettingsTable } from '@roomstream/runtime/settings';

/** How S3 is reached. */
export const s3Access = awsAccess({
  prefix: 's3',
  area: 'S3',
  name: 'S3',
  sdkEndpoint: 'AWS_ENDPOINT_URL_S3',
  rights:
    's3:PutObject and s3:AbortMultipartUpload on the buckets (and kms:GenerateDataKey, kms:Decrypt on the key)',
});

/** How Firehose is reached. */
export const firehoseAccess = awsAccess({
  prefix: 'firehose',
  area: 'FIREHOSE',
  name: 'Firehose',
  sdkEndpoint: 'AWS_ENDPOINT_URL_FIREHOSE',
  rights: 'firehose:PutRecordBatch on the delivery streams',
});

/** Which buckets are folders of this machine. */
export type LogFolders = {
  /** Absolute paths by bucket name. */
  readonly byBucket: ReadonlyMap<string, string>;
  /** Absolute path of the folder in which every other bucket has a subfolder of its name. */
  readonly others: string | undefined;
};

/** Settings of the destinations of chat logs. */
export const destinationSettings = {
  ...s3Access.table,
  s3ForcePathStyle: flag({
    env: 'ROOMSTREAM_S3_FORCE_PATH_STYLE',
    fallback: 'false',
    about:
      '`true`: buckets are part of the path, not of the host name, as most S3-compatible stores need it (MinIO, Ceph, SeaweedFS).',
  }),
  s3KmsKeyId: optionalText({
    env: 'ROOMSTREAM_S3_KMS_KEY_ID',
    about:
      'KMS key (id or ARN) that S3 encrypts log objects with (SSE-KMS); when empty the bucket’s own encryption.',
  }),
  ...cloudWatchLogsAccess.table,
  ...firehoseAccess.table,
  logFolders: folders({
    env: 'ROOMSTREAM_LOG_FOLDERS',
    about:
      'Buckets that are folders of this machine instead of S3: `bucket=folder,...`, the folder must exist; `*=folder`: every other bucket is a subfolder of it, made when missing.',
  }),
  logRequests: integer(
    {
      env: 'ROOMSTREAM_LOG_REQUESTS',
      fallback: '16',
      about:
        'Rooms of one batch that are sent at once at most: one object or log stream each (Firehose: one request after the other).',
    },
    1,
    1_000,
  ),
} satisfies SettingsTable;

/** Bucket names as the API allows them, but none that means another folder. */
export function isBucketName(name: string): boolean {
  return /^[a-z0-9.-]{3,63}$/.test(name) && !/^\.+$/.test(name);
}

function folders(common: { readonly env: string; readonly about: string }): Setting<LogFolders> {
  return {
    ...common,
    fallback: '',
    read: (text) => {
      const byBucket = new Map<string, string>();
      for (const item of text.split(',').map((one) => one.trim())) {
        if (item === '') continue;
        const [, bucket = '', folder = ''] = /^([^=]+)=(.+)$/.exec(item) ?? [];
        if (bucket !== '*' && !isBucketName(bucket)) {
          throw new Error(
            `must be pairs bucket=folder or *=folder, separated by commas, got ${JSON.stringify(item)}`,
          );
        }
        if (byBucket.has(bucket)) throw new Error(`names ${bucket} twice`);
        byBucket.set(bucket, resolve(folder));
      }
      const others = byBucket.get('*');
      byBucket.delete('*');
      return { byBucket, others };
    },
  };
}
