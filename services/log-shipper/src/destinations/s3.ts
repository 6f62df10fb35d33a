import {
  AbortMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { AwsAccess } from '@roomstream/runtime/aws-access';
import { clientConfig, sendAgainIfClosed } from '@roomstream/runtime/aws-client';
import type { LogDestination, RoomRecords } from '../log-destination.ts';
import { eachRoom } from './each-room.ts';
import { awsFailureReason } from './failure-reason.ts';
import { gzipLines } from './gzip.ts';
import { objectKey } from './object-key.ts';

/** Objects that are larger go in parts of this size. */
const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 2;

/** For clearing up after an upload that was broken off. */
const abortMs = 10_000;

/** S3, and what speaks its API. */
export type S3Options = {
  readonly access: AwsAccess;
  readonly forcePathStyle: boolean;
  readonly kmsKeyId: string | undefined;
  /** Region in keys. */
  readonly region: string;
  /** Objects of one batch that are uploaded at once. */
  readonly atOnce: number;
};

/** Opens S3; nothing is asked before the first delivery. */
export function openS3(options: S3Options) {
  const client = new S3Client(s3Config(options));
  const upload = async (bucket: string, key: string, body: Buffer, signal: AbortSignal) => {
    const input: PutObjectCommandInput = {
      Bucket: bucket,
      Key: key,
      Body: body,
      // The object is a gzip file, as its name says. With a Content-Encoding HTTP clients would decode it on the way, and
      // keep a .log.gz that isn't one.
      ContentType: 'application/gzip',
      ...(options.kmsKeyId === undefined
        ? {}
        : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: options.kmsKeyId }),
    };
    if (body.length <= partBytes) await put(client, input, signal);
    else await putParts(client, input, signal);
  };
  return {
    of: (bucket: string, configuration: string): LogDestination => ({
      kind: 's3',
      pace: 'window',
      deliver: (rooms, windowStartMs, signal) =>
        eachRoom(rooms, {
          atOnce: options.atOnce,
          signal,
          reasonOf: awsFailureReason,
          deliver: async (room: RoomRecords) => {
            const body = await gzipLines(room.records, signal);
            await upload(bucket, objectKey(options.region, configuration, room, windowStartMs), body, signal);
            return 0;
          },
        }),
    }),
    close: () => client.destroy(),
  };
}

/** How the SDK's client is set up. */
export function s3Config({ access, forcePathStyle }: Pick<S3Options, 'access' | 'forcePathStyle'>) {
  return {
    ...clientConfig(access),
    forcePathStyle,
    // Stores that ignore the header would cost seconds per request.
    expectContinueHeader: false,
    // Stores that don't know the SDK's newer checksums refuse them; AWS gets them, and needs them where objects are locked.
    ...(access.endpoint === undefined
      ? {}
      : {
          requestChecksumCalculation: 'WHEN_REQUIRED' as const,
          responseChecksumValidation: 'WHEN_REQUIRED' as const,
        }),
  };
}

async function put(client: S3Client, input: PutObjectCommandInput, signal: AbortSignal): Promise<void> {
  await sendAgainIfClosed(() => client.send(new PutObjectCommand(input), { abortSignal: signal }));
}

/** Multipart. What was begun and not completed is aborted, so that no parts stay that nobody sees and somebody pays. */
async function putParts(client: S3Client, input: PutObjectCommandInput, signal: AbortSignal): Promise<void> {
  await new Upload({
    client: abortable(client, signal),
    params: input,
    partSize: partBytes,
    queueSize: partsAtOnce,
  }).done();
}

/**
 * The client as Upload gets it, which gives no signal to the requests it makes: each ends with the delivery's, except the
 * one that clears up. That one's failure says nothing about the upload and must not hide why it was broken off.
 */
function abortable(client: S3Client, signal: AbortSignal): S3Client {
  const send = async (command: Parameters<S3Client['send']>[0]) => {
    if (!(command instanceof AbortMultipartUploadCommand)) {
      return sendAgainIfClosed(() => client.send(command, { abortSignal: signal }));
    }
    return client.send(command, { abortSignal: AbortSignal.timeout(abortMs) }).catch(() => undefined);
  };
  return Object.create(client, { send: { value: send } }) as S3Client;
}
