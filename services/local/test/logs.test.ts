import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  DeleteRoomCommand,
  IvschatClient,
  ListLoggingConfigurationsCommand,
  ListRoomsCommand,
} from '@aws-sdk/client-ivschat';
import { eventually } from '@roomstream/testing/eventually';
import { startMoto } from '@roomstream/testing/moto';
import { pythonTools } from '@roomstream/testing/python-tools';
import type { Running } from '../src/running-file.ts';
import {
  chat,
  type Finished,
  localEnvironment,
  startLocalProcess,
  startProgram,
  untilUp,
} from './local-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'roomstream-logs-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(scratch, `${++folders}`);

const arn = 'arn:aws:ivschat:us-west-2:000000000000:room/abcDEF123456';
const tools = await pythonTools();

/** The command, to its end. */
function logs(
  folder: string,
  args: readonly string[],
  further: Record<string, string> = {},
): Promise<Finished> {
  const script = ['services/local/bin/logs.mjs', ...args];
  return startProgram(process.execPath, script, localEnvironment(folder, further), '').finished();
}

/** What a replay of a room's last hour prints, once that is these texts. */
async function untilLogged(
  folder: string,
  room: string,
  contents: readonly string[],
  further = {},
): Promise<void> {
  const args = ['replay', '--room', room, '--from', '-1h', '--format', 'text'];
  await eventually(async () => {
    const { status, stdout, stderr } = await logs(folder, args, further);
    assert.equal(status, 0, stderr);
    const said = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/^\S+ /, ''));
    assert.deepEqual(said, contents, stderr);
  }, 60_000);
}

function clientOf({ controlPlaneUrl, region, key }: Running): IvschatClient {
  assert.ok(key !== undefined);
  return new IvschatClient({ endpoint: controlPlaneUrl, region, credentials: key });
}

describe('logs of npm start', () => {
  it('hold what was said in the room of the chat command, and nothing is lost or doubled over a restart', async () => {
    const folder = newFolder();
    const first = startLocalProcess(folder);
    const { chatLogs } = await untilUp(first, folder);
    assert.equal(chatLogs?.folder, join(folder, 'logs', 'chat-logs'));
    assert.ok(first.stdout().includes(chatLogs.folder), first.stdout());
    await chat(folder, ['--room', 'logged'], 'one\ntwo\n');
    await untilLogged(folder, 'logged', ['alice: one', 'alice: two']);
    await chat(folder, ['--room', 'logged', '--user', 'bob'], 'three\nfour\n');
    // Its window isn't over yet.
    first.child.kill('SIGINT');
    assert.equal((await first.finished()).status, 0);

    const second = startLocalProcess(folder);
    const running = await untilUp(second, folder);
    await chat(folder, ['--room', 'logged'], 'five\n');
    const said = ['alice: one', 'alice: two', 'bob: three', 'bob: four', 'alice: five'];
    await untilLogged(folder, 'logged', said);

    const client = clientOf(running);
    const { loggingConfigurations } = await client.send(new ListLoggingConfigurationsCommand({}));
    assert.deepEqual(
      loggingConfigurations?.map((each) => each.arn),
      [chatLogs.arn],
    );
    const { rooms } = await client.send(new ListRoomsCommand({}));
    assert.deepEqual(
      rooms?.map((room) => room.loggingConfigurationIdentifiers),
      [[chatLogs.arn]],
    );
    client.destroy();
    second.child.kill('SIGTERM');
    await second.finished();
  });

  it('are begun by the chat command for a room without any, and left alone for one that has its own', async () => {
    const folder = newFolder();
    const program = startLocalProcess(folder);
    const running = await untilUp(program, folder);
    const client = clientOf(running);
    const s3 = { bucketName: 'my-logs' };
    const own = await client.send(
      new CreateLoggingConfigurationCommand({ destinationConfiguration: { s3 } }),
    );
    await client.send(new CreateRoomCommand({ name: 'bare' }));
    const loggingConfigurationIdentifiers = [own.arn ?? ''];
    await client.send(new CreateRoomCommand({ name: 'own', loggingConfigurationIdentifiers }));
    await chat(folder, ['--room', 'bare'], 'hello\n');
    await chat(folder, ['--room', 'own'], 'hello\n');
    const { rooms = [] } = await client.send(new ListRoomsCommand({}));
    const attached = new Map(rooms.map((room) => [room.name, room.loggingConfigurationIdentifiers]));
    assert.deepEqual(attached.get('bare'), [running.chatLogs?.arn]);
    assert.deepEqual(attached.get('own'), [own.arn]);
    await untilLogged(folder, 'own', ['alice: hello']);

    // Where the room can't say any more where its logs are, the option does.
    const room = rooms.find(({ name }) => name === 'own')?.arn ?? '';
    await client.send(new DeleteRoomCommand({ identifier: room }));
    client.destroy();
    const gone = await logs(folder, ['replay', '--room', room, '--from', '-1h']);
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /room\/\w+ isn't here \(any more\): .* --destination\.\n$/);
    const found = await logs(folder, [
      ...['replay', '--room', room, '--from', '-1h', '--destination', join(folder, 'logs', 'my-logs')],
    ]);
    assert.match(found.stdout, /^\{"event_timestamp":[^\n]*"Content":"hello"[^\n]*\}\n$/);
    program.child.kill('SIGINT');
    await program.finished();
  });

  it('are in S3 where the settings say so', { skip: tools === undefined && 'needs python3' }, async () => {
    assert.ok(tools !== undefined);
    const moto = await startMoto(tools);
    const folder = newFolder();
    const settings = {
      ROOMSTREAM_S3_ENDPOINT: moto.url,
      ROOMSTREAM_S3_ACCESS_KEY_ID: 'test',
      ROOMSTREAM_S3_SECRET_ACCESS_KEY: 'test',
      ROOMSTREAM_S3_FORCE_PATH_STYLE: 'true',
      // No other bucket is a folder then.
      ROOMSTREAM_LOG_FOLDERS: `elsewhere=${scratch}`,
    };
    assert.ok((await fetch(`${moto.url}/in-s3`, { method: 'PUT' })).status < 500);
    const program = startLocalProcess(folder, settings);
    const running = await untilUp(program, folder);
    assert.equal(running.chatLogs, undefined);
    const client = clientOf(running);
    const s3 = { bucketName: 'in-s3' };
    const { arn: logging = '' } = await client.send(
      new CreateLoggingConfigurationCommand({ destinationConfiguration: { s3 } }),
    );
    await client.send(new CreateRoomCommand({ name: 'far', loggingConfigurationIdentifiers: [logging] }));
    client.destroy();
    await chat(folder, ['--room', 'far'], 'hello\n');
    await untilLogged(folder, 'far', ['alice: hello'], settings);
    program.child.kill('SIGINT');
    await program.finished();
    await moto.stop();
  });
});

describe('npm run logs', () => {
  it('ends quietly when who reads it has seen enough', async () => {
    const folder = newFolder();
    writeObject(folder, 20_000);
    const command = `set -o pipefail; node services/local/bin/logs.mjs replay --room ${arn} --from 2026-11-22 --to 2026-11-23 --destination ${folder}`;
    const all = await startProgram('bash', ['-c', command], localEnvironment(folder), '').finished();
    assert.equal(all.stdout.split('\n').length, 20_001);
    const some = await startProgram(
      'bash',
      ['-c', `${command} | head -n 2`],
      localEnvironment(folder),
      '',
    ).finished();
    assert.deepEqual(
      some.stdout.split('\n').map((line) => line.slice(0, 20)),
      ['{"event_timestamp":"', '{"event_timestamp":"', ''],
    );
    assert.equal(some.stderr, '');
    assert.equal(some.status, 0);
  });

  it('ends with status 1 and names what it could not read', async () => {
    const folder = newFolder();
    const key = writeObject(folder, 10, 50);
    const span = ['--from', '2026-11-22', '--to', '2026-11-23', '--destination', folder];
    const { status, stderr } = await logs(folder, ['replay', '--room', arn, ...span]);
    assert.equal(status, 1);
    assert.equal(stderr, `${folder}/${key} can't be read: unexpected end of file\n`);
  });

  it('says how it is used', async () => {
    const { status, stdout, stderr } = await logs(newFolder(), ['--help']);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /npm run -s logs -- replay --room <arn>/);
    assert.match(stdout, /Exit status: 0 /);
  });

  it('names the option at fault, with status 2', async () => {
    const folder = newFolder();
    const faults: [string[], RegExp][] = [
      [['--room', arn, '--from', 'soon'], /^--from must be a time /],
      [['--room', arn, '--from', '-1h'], /^--destination is missing: no Roomstream runs on the data folder /],
      [
        ['--room', 'demo', '--from', '-1h', '--destination', folder],
        /^--room must be an ARN: no Roomstream runs/,
      ],
      [['--room', arn.replace('room', 'rooms'), '--from', '-1h'], /^--room must be the ARN of a room; got /],
    ];
    for (const [args, pattern] of faults) {
      const { status, stdout, stderr } = await logs(folder, ['replay', ...args]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, pattern);
      assert.equal(stdout, '');
    }
    const wrong = await logs(folder, ['replay', '--room', arn, '--from', '-1h'], {
      ROOMSTREAM_S3_ENDPOINT: 'x',
    });
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /ROOMSTREAM_S3_ENDPOINT/);
  });
});

/** An object of the room with so many records, all of it or the first bytes; returns its key. */
function writeObject(folder: string, records: number, bytes?: number): string {
  const name = '000000000000_IVSChatLogs_1.0_us-west-2_room_abcDEF123456_20261122T1000Z_0123abcd.log.gz';
  const key = `AWSLogs/000000000000/IVSChatLogs/1.0/us-west-2/room_abcDEF123456/2026/11/22/10/${name}`;
  const line = (i: number) =>
    `{"event_timestamp":"2026-11-22T10:00:00.000Z","type":"MESSAGE","version":"1.0","payload":{"Type":"MESSAGE","Id":"M${i}","Content":"${'x'.repeat(100)}"}}\n`;
  const path = join(folder, key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    gzipSync(Array.from({ length: records }, (_, i) => line(i)).join('')).subarray(0, bytes),
  );
  return key;
}
