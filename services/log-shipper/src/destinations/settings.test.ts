import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, SettingsError } from '@roomstream/runtime/settings';
import { openDestinations } from './destinations.ts';
import { destinationSettings, isBucketName, s3Access } from './settings.ts';

const read = (environment: Record<string, string>) => readSettings(destinationSettings, environment);

test('without settings everything is left to the AWS SDK, in the region of the deployment', () => {
  const settings = read({});
  assert.deepEqual(s3Access.read(settings, 'eu-central-1'), {
    endpoint: undefined,
    region: 'eu-central-1',
    credentials: undefined,
  });
  assert.deepEqual(settings.logFolders, { byBucket: new Map(), others: undefined });
});

test('a service has an endpoint, region and key of its own', () => {
  const settings = read({
    ROOMSTREAM_S3_ENDPOINT: 'http://minio:9000',
    ROOMSTREAM_S3_REGION: 'us-east-1',
    ROOMSTREAM_S3_ACCESS_KEY_ID: 'id',
    ROOMSTREAM_S3_SECRET_ACCESS_KEY: 'secret',
  });
  assert.deepEqual(s3Access.read(settings, 'eu-central-1'), {
    endpoint: 'http://minio:9000',
    region: 'us-east-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  });
  assert.equal(settings.firehoseEndpoint, undefined);
});

for (const area of ['S3', 'CLOUDWATCH_LOGS', 'FIREHOSE']) {
  test(`${area}: an access key without its secret, or the reverse, is refused by name`, () => {
    for (const what of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) {
      const settings = read({ [`ROOMSTREAM_${area}_${what}`]: 'x' });
      assert.throws(
        () => openDestinations(settings, 'us-west-2'),
        (error: Error) =>
          error instanceof SettingsError && error.message.includes(`ROOMSTREAM_${area}_SECRET`),
      );
    }
  });
}

for (const [name, value] of [
  ['ROOMSTREAM_S3_ENDPOINT', 'minio:9000'],
  ['ROOMSTREAM_FIREHOSE_ENDPOINT', 'http://'],
  ['ROOMSTREAM_CLOUDWATCH_LOGS_REGION', 'us west'],
  ['ROOMSTREAM_S3_FORCE_PATH_STYLE', 'yes'],
  ['ROOMSTREAM_LOG_FOLDERS', 'bucket'],
  ['ROOMSTREAM_LOG_FOLDERS', 'bucket='],
  ['ROOMSTREAM_LOG_FOLDERS', '=/folder'],
  ['ROOMSTREAM_LOG_FOLDERS', 'UPPER=/folder'],
  ['ROOMSTREAM_LOG_FOLDERS', '...=/folder'],
  ['ROOMSTREAM_LOG_FOLDERS', 'bucket=/a,bucket=/b'],
  ['ROOMSTREAM_LOG_REQUESTS', '0'],
] as const) {
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(
      () => read({ [name]: value }),
      (error: Error) => error instanceof SettingsError && error.message.includes(name),
    );
  });
}

test('folders are read as absolute paths, by bucket or for all others', () => {
  const { logFolders } = read({ ROOMSTREAM_LOG_FOLDERS: 'one-bucket=/a/b=c, *=logs' });
  assert.deepEqual([...logFolders.byBucket], [['one-bucket', '/a/b=c']]);
  assert.equal(logFolders.others, `${process.cwd()}/logs`);
});

test('a bucket name never means another folder', () => {
  for (const name of ['..', '...', '../etc', 'a/../b', 'A-b', 'ab', '/abs', 'a\0b', '']) {
    assert.ok(!isBucketName(name), name);
  }
  for (const name of ['abc', 'my.bucket-1', 'a..b']) assert.ok(isBucketName(name), name);
});
