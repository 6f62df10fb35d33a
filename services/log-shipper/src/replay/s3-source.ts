import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { LogSource } from './log-source.ts';
import { ReplayError } from './replay-error.ts';

/** Reads logs from a bucket. It is given the client and closes it. */
export function s3Source(client: S3Client, bucket: string): LogSource {
  const name = `s3://${bucket}`;
  return {
    name,
    keys: (prefix, after) => keysOf(client, bucket, prefix, after),
    open: async (key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (!(Body instanceof Readable)) throw new Error('it has no content');
      return Body;
    },
    close: () => client.destroy(),
  };
}

/** S3 gives keys in the order of their bytes, at most 1000 at a time. */
async function* keysOf(
  client: S3Client,
  bucket: string,
  prefix: string,
  after: string,
): AsyncGenerator<string> {
  const question = { Bucket: bucket, Prefix: prefix, StartAfter: after };
  let token: string | undefined;
  do {
    const page = new ListObjectsV2Command({ ...question, ContinuationToken: token });
    const { Contents, NextContinuationToken } = await client.send(page).catch((error: unknown) => {
      throw inWords(bucket, error);
    });
    for (const { Key } of Contents ?? []) if (Key !== undefined && Key > after) yield Key;
    token = NextContinuationToken;
  } while (token !== undefined);
}

function inWords(bucket: string, error: unknown): ReplayError {
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'NoSuchBucket') return new ReplayError(1, `There is no bucket ${bucket}.`);
  if (name === 'CredentialsProviderError')
    return new ReplayError(
      1,
      'There are no credentials for S3: set ROOMSTREAM_S3_ACCESS_KEY_ID and ROOMSTREAM_S3_SECRET_ACCESS_KEY, or what the AWS SDK looks for (AWS_ACCESS_KEY_ID, AWS_PROFILE).',
    );
  if (error instanceof S3ServiceException && error.$fault === 'client')
    return new ReplayError(1, `S3 refuses to list s3://${bucket}: ${name}: ${message}`);
  return new ReplayError(1, `s3://${bucket} can't be listed: ${code ?? name}: ${message}`);
}
