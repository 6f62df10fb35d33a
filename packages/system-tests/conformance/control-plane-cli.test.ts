import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Fleet, startFleet } from '@roomstream/testing/fleet';
import { pythonTools } from '@roomstream/testing/python-tools';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { needs } from '@roomstream/testing/tools';

// The unmodified AWS CLI, one process a call, as an operator types it: all 17 operations.

const run = promisify(execFile);

type Answer = Readonly<Record<string, unknown>>;

describe('the AWS CLI', { skip: needs('python3') }, () => {
  let redis: RedisServer;
  let fleet: Fleet;
  let program: string;
  let room: string;
  let logs: string;

  before(async () => {
    program = (await pythonTools())?.aws ?? assert.fail('python3 without venv');
    redis = await startRedis();
    fleet = await startFleet({ gateways: 0, controlPlanes: 1, redis });
  });

  after(async () => {
    await fleet?.stop();
    await redis?.stop();
  });

  async function aws(...args: string[]): Promise<Answer> {
    const options = [
      '--endpoint-url',
      fleet.controlPlanes[0]?.url ?? '',
      '--region',
      'us-west-2',
      '--output',
      'json',
    ];
    const env = { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const { stdout } = await run(program, ['ivschat', ...args, ...options], { env });
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Answer);
  }

  test('creates, reads, lists and updates a room', async () => {
    const created = await aws(
      'create-room',
      '--name',
      'cli',
      '--maximum-message-length',
      '99',
      '--tags',
      'team=a',
    );
    room = created['arn'] as string;
    assert.equal(created['maximumMessageRatePerSecond'], 10);
    const read = await aws('get-room', '--identifier', room);
    assert.deepEqual(read, created);
    const listed = await aws('list-rooms', '--name', 'cli');
    assert.deepEqual(
      (listed['rooms'] as Answer[]).map((entry) => entry['arn']),
      [room],
    );
    const updated = await aws('update-room', '--identifier', room, '--name', 'renamed');
    assert.deepEqual([updated['name'], updated['maximumMessageLength']], ['renamed', 99]);
  });

  test('mints a token and moderates', async () => {
    const capabilities = ['SEND_MESSAGE', 'DELETE_MESSAGE', 'DISCONNECT_USER'];
    const token = await aws(
      ...['create-chat-token', '--room-identifier', room, '--user-id', 'alice'],
      ...['--attributes', 'displayName=Alice', '--capabilities', ...capabilities],
    );
    assert.match(token['token'] as string, /^[\w-]+\.[\w-]+$/);
    const event = await aws(
      'send-event',
      '--room-identifier',
      room,
      '--event-name',
      'goal',
      '--attributes',
      'by=7',
    );
    assert.match(event['id'] as string, /^[a-zA-Z0-9]{12}$/);
    const deletion = await aws(
      'delete-message',
      '--room-identifier',
      room,
      '--id',
      'AYk6xKitV4On',
      '--reason',
      'spam',
    );
    assert.match(deletion['id'] as string, /^[a-zA-Z0-9]{12}$/);
    await aws('disconnect-user', '--room-identifier', room, '--user-id', 'alice', '--reason', 'spam');
  });

  test('tags and untags', async () => {
    await aws('tag-resource', '--resource-arn', room, '--tags', 'colour=red & blue');
    const tags = await aws('list-tags-for-resource', '--resource-arn', room);
    assert.deepEqual(tags, { tags: { team: 'a', colour: 'red & blue' } });
    await aws('untag-resource', '--resource-arn', room, '--tag-keys', 'team', 'colour');
    assert.deepEqual(await aws('list-tags-for-resource', '--resource-arn', room), { tags: {} });
  });

  test('keeps logging configurations', async () => {
    const destination = '{"s3":{"bucketName":"chat-logs"}}';
    const created = await aws(
      'create-logging-configuration',
      '--name',
      'cli',
      '--destination-configuration',
      destination,
    );
    logs = created['arn'] as string;
    assert.deepEqual(await aws('get-logging-configuration', '--identifier', logs), created);
    const renamed = await aws('update-logging-configuration', '--identifier', logs, '--name', 'renamed');
    assert.equal(renamed['name'], 'renamed');
    const listed = await aws('list-logging-configurations');
    assert.deepEqual(
      (listed['loggingConfigurations'] as Answer[]).map((entry) => entry['arn']),
      [logs],
    );
    await aws('update-room', '--identifier', room, '--logging-configuration-identifiers', logs);
    await assert.rejects(aws('delete-logging-configuration', '--identifier', logs), /ConflictException/);
    await aws('update-room', '--identifier', room, '--logging-configuration-identifiers');
    await aws('delete-logging-configuration', '--identifier', logs);
  });

  test('shows errors as those of AWS', async () => {
    await assert.rejects(
      aws('create-room', '--name', 'not valid!'),
      /\(ValidationException\).*CreateRoom operation/s,
    );
    await aws('delete-room', '--identifier', room);
    await assert.rejects(aws('get-room', '--identifier', room), /\(ResourceNotFoundException\)/);
  });
});
