import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '@roomstream/testing/eventually';
import { startFleetProcess } from '@roomstream/testing/fleet-process';
import { redisCommand } from '@roomstream/testing/redis-command';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { openApi } from '../src/api.ts';
import { connectRaw } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';

// The README's "Back up and restore", step by step: a deployment whose Redis is lost, and the files of a backup.

const folder = mkdtempSync(join(tmpdir(), 'roomstream-backup-'));
const program = fileURLToPath(new URL('../../../../services/cli/bin/roomstream.mjs', import.meta.url));
let stage: Stage;
let room: string;
let configuration: string;

before(async () => {
  stage = await openStage({ gateways: 1 });
  const created = await stage.api.client.createLoggingConfiguration({
    name: 'archive',
    destinationConfiguration: { s3: { bucketName: 'logs' } },
  });
  configuration = created.arn ?? assert.fail();
  room = await stage.api.createRoom({
    name: 'lobby',
    tags: { team: 'one' },
    loggingConfigurationIdentifiers: [configuration],
  });
});

after(async () => {
  await stage?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function roomstream(words: readonly string[], redis: { readonly url: string }): Promise<string> {
  const env = { PATH: process.env['PATH'], REDIS_URL: redis.url };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], { env });
  return stdout;
}

/** A deployment on another Redis, with the key file and the credentials of the first one, runs the room that was there. */
async function assertRunsFrom(redis: RedisServer, token: string): Promise<void> {
  const env = {
    REDIS_URL: redis.url,
    ROOMSTREAM_QUOTAS: 'unlimited',
    ROOMSTREAM_CREDENTIALS_FILE: stage.fleet.credentialsFile,
    ROOMSTREAM_TOKEN_KEY_FILE: join(stage.fleet.folder, 'token.keys'),
  };
  const services = await Promise.all([
    startFleetProcess('control-plane', env),
    startFleetProcess('gateway', env),
  ]);
  const [plane, gateway] = services;
  const api = openApi(stage.fleet, plane);
  try {
    const found = await api.client.getRoom({ identifier: room });
    const before = await stage.api.client.getRoom({ identifier: room });
    for (const answer of [found, before]) Object.assign(answer, { $metadata: {} });
    assert.deepEqual(found, before);
    assert.equal((await api.client.listRooms({ name: 'lobby' })).rooms?.length, 1);
    await assert.rejects(api.client.deleteLoggingConfiguration({ identifier: configuration }), {
      name: 'ConflictException',
    });
    // A token from before, of whose use the new Redis knows nothing, opens with the key file.
    const alice = await connectRaw(gateway.url, token);
    const bob = await connectRaw(gateway.url, await api.token(room, 'bob'));
    const said = await bob.say('still here');
    await alice.received(({ Id }) => Id === said.Id);
    await api.client.updateRoom({ identifier: room, name: 'renamed' });
    for (const { socket } of [alice, bob]) socket.destroy();
  } finally {
    api.close();
    await Promise.all(services.map((service) => service.kill('SIGKILL')));
  }
}

test('a room runs on from `roomstream backup`, restored into an empty Redis', async () => {
  const file = join(folder, 'records.jsonl');
  await roomstream(['backup', '--output', file], stage.redis);
  const token = await stage.api.token(room, 'alice');
  const fresh = await startRedis();
  try {
    await roomstream(['restore', file], fresh);
    await assertRunsFrom(fresh, token);
  } finally {
    await fresh.stop();
  }
});

test('a room runs on from a copy of Redis’s own snapshot', async () => {
  const [, dir = ''] = (await redisCommand(stage.redis.port, 'CONFIG', 'GET', 'dir')).split('\n');
  const savedBefore = await redisCommand(stage.redis.port, 'LASTSAVE');
  await redisCommand(stage.redis.port, 'BGSAVE');
  await eventually(async () => {
    const info = await redisCommand(stage.redis.port, 'INFO', 'persistence');
    assert.match(info, /rdb_bgsave_in_progress:0/);
    assert.match(info, /rdb_last_bgsave_status:ok/);
    assert.ok((await redisCommand(stage.redis.port, 'LASTSAVE')) >= savedBefore);
  });
  const copy = join(folder, 'redis');
  cpSync(join(dir, 'dump.rdb'), join(copy, 'dump.rdb'));
  const token = await stage.api.token(room, 'alice');
  // Read from the snapshot: with appendonly yes Redis would begin with an empty append-only file.
  const fresh = await startRedis(['--dir', copy, '--appendonly', 'no']);
  try {
    await redisCommand(fresh.port, 'CONFIG', 'SET', 'appendonly', 'yes');
    await assertRunsFrom(fresh, token);
  } finally {
    await fresh.stop();
  }
});
