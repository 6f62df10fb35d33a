import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl } from '@roomstream/runtime/redis';
import { presetQuotas } from '@roomstream/store/quotas';
import type { Destination } from '@roomstream/store/records';
import { openStore } from '@roomstream/store/store';
import { type LambdaEmulator, startLambdaEmulator } from '@roomstream/testing/lambda-emulator';
import { type Moto, startMoto } from '@roomstream/testing/moto';
import { pythonTools } from '@roomstream/testing/python-tools';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { needs } from '@roomstream/testing/tools';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import type { Finding } from '../src/doctor/finding.ts';
import { printed, roomstream } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-doctor-'));
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-west-2' };
let redis: RedisServer;
let client: Redis;

before(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
});
beforeEach(async () => {
  await client.flushall();
  await client.config('SET', 'appendonly', 'yes');
  await client.config('SET', 'maxmemory-policy', 'noeviction');
});
after(async () => {
  client.disconnect();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function examine(env: Record<string, string>): Promise<{ status: number | null; findings: Finding[] }> {
  const ran = await roomstream(['doctor', '--json'], { REDIS_URL: redis.url, ...credentials, ...env });
  return { status: ran.status, findings: printed<Finding>(ran) };
}

const faultsOf = (findings: readonly Finding[]) => findings.filter(({ verdict }) => verdict === 'fault');

test('a Redis as it should be has no fault, and nothing is left in it', async () => {
  const { status, findings } = await examine({});
  assert.equal(status, 0, JSON.stringify(findings));
  assert.deepEqual(faultsOf(findings), []);
  assert.ok(findings.some(({ says }) => says.startsWith('Redis ')));
  assert.deepEqual(await client.keys('*'), []);
});

test('a Redis that forgets or throws away is told with the setting to mend', async () => {
  await client.config('SET', 'appendonly', 'no');
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const { status, findings } = await examine({});
  assert.equal(status, 1);
  const [durability, eviction, ...others] = faultsOf(findings);
  assert.deepEqual(others, []);
  assert.match(durability?.says ?? '', /appendonly is off/);
  assert.match(durability?.remedy ?? '', /appendonly yes/);
  assert.match(eviction?.says ?? '', /allkeys-lru/);
  const text = await roomstream(['doctor'], { REDIS_URL: redis.url });
  assert.match(text.stdout, /^FAULT {3}Redis: appendonly is off.*\n {8}To do: set `appendonly yes`/m);
  assert.match(text.stderr, /2 faults\./);
});

test('missing rights, wrong passwords, a name that is unknown and a closed port are each told as what they are', async () => {
  await client.acl('SETUSER', 'weak', 'on', '>secret', '~*', '&*', '+@all', '-xadd', '-spublish');
  const weak = await examine({ REDIS_URL: `redis://weak:secret@127.0.0.1:${redis.port}` });
  assert.match(faultsOf(weak.findings)[0]?.says ?? '', /lacks rights: .*'xadd' command.*'spublish' command/);
  const wrong = await examine({ REDIS_URL: `redis://weak:wrong@127.0.0.1:${redis.port}` });
  assert.match(wrong.findings[0]?.says ?? '', /user or password is wrong/);
  const unknown = await examine({ REDIS_URL: 'redis://redis.invalid:6379' });
  assert.match(unknown.findings[0]?.says ?? '', /its name is unknown|can’t be looked up/);
  const closed = await examine({ REDIS_URL: 'redis://127.0.0.1:1' });
  assert.match(closed.findings[0]?.says ?? '', /nothing listens there/);
  for (const { status } of [weak, wrong, unknown, closed]) assert.equal(status, 1);
});

test('another number of shards, and records of a later version, are faults', async () => {
  await client.set('{roomstream}:shards', 64);
  const shards = await examine({});
  assert.match(faultsOf(shards.findings)[0]?.says ?? '', /ROOMSTREAM_SHARDS=64/);
  await client.set('store:{schema}:version', 1_000);
  const records = await examine({ ROOMSTREAM_SHARDS: '64' });
  assert.match(faultsOf(records.findings)[0]?.says ?? '', /they have version 1000/);
});

test('a token key file that others can read is a fault', async () => {
  const path = join(folder, 'token.keys');
  writeFileSync(path, '{"keys":[]}', { mode: 0o644 });
  const { findings } = await examine({ ROOMSTREAM_TOKEN_KEY_FILE: path });
  assert.match(faultsOf(findings)[0]?.says ?? '', /can be read by others: run chmod 600/);
});

test('what rooms use at AWS is tried, each thing once, and nothing is left there', {
  skip: needs('python3'),
}, async (t) => {
  const tools = await pythonTools();
  const moto: Moto = await startMoto(tools ?? assert.fail('python3 without venv'));
  const lambda: LambdaEmulator = await startLambdaEmulator();
  t.after(async () => {
    await lambda.close();
    await moto.stop();
  });
  const sdk = {
    endpoint: moto.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const s3 = new S3Client({ ...sdk, forcePathStyle: true });
  await s3.send(
    new CreateBucketCommand({
      Bucket: 'there',
      CreateBucketConfiguration: { LocationConstraint: 'us-west-2' },
    }),
  );
  const logs = new CloudWatchLogsClient(sdk);
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'there' }));
  const kms = new KMSClient(sdk);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const handler = join(folder, 'handler.mjs');
  writeFileSync(handler, 'process.exit(1)');
  lambda.deploy('there', { command: [process.execPath, handler] } as never);
  const arn = (name: string) => `arn:aws:lambda:us-west-2:123456789012:function:${name}`;
  await fill(
    [arn('there'), arn('gone'), arn('hook')],
    [
      { s3: { bucketName: 'there' } },
      { s3: { bucketName: 'gone' } },
      { cloudWatchLogs: { logGroupName: 'there' } },
      { cloudWatchLogs: { logGroupName: 'gone' } },
      { firehose: { deliveryStreamName: 'gone' } },
    ],
  );
  const handlersFile = join(folder, 'handlers.json');
  writeFileSync(
    handlersFile,
    JSON.stringify({
      handlers: { [arn('hook')]: { webhook: { url: 'http://127.0.0.1:1/', secret: 'a'.repeat(20) } } },
    }),
  );
  const { findings } = await examine({
    ROOMSTREAM_S3_ENDPOINT: moto.url,
    ROOMSTREAM_S3_FORCE_PATH_STYLE: 'true',
    ROOMSTREAM_CLOUDWATCH_LOGS_ENDPOINT: moto.url,
    ROOMSTREAM_FIREHOSE_ENDPOINT: moto.url,
    ROOMSTREAM_KMS_ENDPOINT: moto.url,
    ROOMSTREAM_KMS_KEY_ID: KeyMetadata?.KeyId ?? '',
    ROOMSTREAM_LAMBDA_ENDPOINT: lambda.url,
    ROOMSTREAM_REVIEW_HANDLERS_FILE: handlersFile,
  });
  const verdicts = Object.fromEntries(
    findings.map(({ about, verdict, says }) => [about, `${verdict}: ${says}`]),
  );
  const expected: Record<string, RegExp> = {
    [`KMS key ${KeyMetadata?.KeyId}`]: /^ok: it makes data keys and opens them/,
    [`Handler ${arn('there')}`]: /^ok: it is there, and may be invoked/,
    [`Handler ${arn('gone')}`]: /^fault: it isn’t there, or is disabled \(ResourceNotFoundException/,
    [`Handler ${arn('hook')} at 127.0.0.1:1`]: /^fault: nothing listens there/,
    'Bucket there': /^ok: objects can be written/,
    'Bucket gone': /^fault: there is no such bucket/,
    'Log group there': /^ok: is there/,
    'Log group gone': /^fault: there is no such log group/,
    'Delivery stream gone': /^fault: it isn’t there, or is disabled/,
  };
  for (const [about, pattern] of Object.entries(expected))
    assert.match(verdicts[about] ?? `no finding about ${about}`, pattern);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'there' }));
  assert.deepEqual(Uploads, []);
  for (const one of [s3, logs, kms]) one.destroy();
});

/** Rooms with these handlers, and logging configurations with these destinations. */
async function fill(uris: readonly string[], destinations: readonly Destination[]): Promise<void> {
  const store = await openStore({
    access: { redisUrl: parseRedisUrl(redis.url), redisCaFile: undefined, redisSentinelPassword: undefined },
    quotas: { of: () => presetQuotas('ivs') },
    log: openLog('test', 'silent'),
    registry: new Registry(),
  });
  const account = '123456789012';
  const id = (n: number) => `doctor${`${n}`.padStart(6, '0')}`;
  for (const [n, uri] of uris.entries()) {
    await store.rooms.create(
      {
        account,
        id: id(n),
        name: '',
        maximumMessageRatePerSecond: 10,
        maximumMessageLength: 500,
        messageReviewHandler: { uri, fallbackResult: 'DENY' },
        loggingConfigurationIds: [],
        tags: {},
      },
      100,
    );
  }
  for (const [n, destination] of destinations.entries()) {
    const draft = { account, id: id(n), name: '', destination, state: 'ACTIVE', tags: {} } as const;
    await store.loggingConfigurations.create(draft, 100);
  }
  await store.close();
}
