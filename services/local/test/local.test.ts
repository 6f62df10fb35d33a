import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  CreateRoomCommand,
  DeleteRoomCommand,
  IvschatClient,
  ListRoomsCommand,
} from '@aws-sdk/client-ivschat';
import { eventually } from '@roomstream/testing/eventually';
import { startRedis } from '@roomstream/testing/redis-server';
import type { Running } from '../src/running-file.ts';
import { chat, localEnvironment, startLocalProcess, startProgram, untilUp } from './local-process.ts';

describe('npm start', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'roomstream-local-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  let folders = 0;
  const newFolder = () => join(scratch, `${++folders}`);

  it('runs everything, and after Ctrl-C the next start finds the rooms again', async () => {
    const folder = newFolder();
    const first = startLocalProcess(folder);
    await untilUp(first, folder);
    const said = await chat(folder, ['--room', 'kept', '--user', 'alice'], 'hello\nsecond line\n');
    assert.deepEqual(said, { status: 0, stdout: 'alice: hello\nalice: second line\n', stderr: said.stderr });
    first.child.kill('SIGINT');
    assert.equal((await first.finished()).status, 0);
    assert.equal(existsSync(join(folder, 'running.json')), false);

    const second = startLocalProcess(folder);
    const running = await untilUp(second, folder);
    assert.deepEqual(await roomNames(running), ['kept']);
    second.child.kill('SIGTERM');
    assert.equal((await second.finished()).status, 0);
  });

  it('prints at a good start nothing but what to do next', async () => {
    const folder = newFolder();
    const program = startLocalProcess(folder);
    await untilUp(program, folder);
    assert.match(program.stdout(), /^\nRoomstream is up: /);
    assert.equal(program.stderr(), '');
    program.child.kill('SIGINT');
    await program.finished();
  });

  it('keeps keys and credentials for their owner alone', async () => {
    const folder = newFolder();
    const program = startLocalProcess(folder);
    await untilUp(program, folder);
    for (const name of ['credentials.json', 'token.keys', 'running.json'])
      assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    assert.equal(statSync(folder).mode & 0o077, 0);
    program.child.kill('SIGINT');
    await program.finished();
  });

  it('finds its data again after it was killed, though its Redis outlived it', async () => {
    const folder = newFolder();
    const first = startLocalProcess(folder);
    await untilUp(first, folder);
    await chat(folder, ['--room', 'survivor'], 'hello\n');
    first.child.kill('SIGKILL');
    await first.finished();
    const second = startLocalProcess(folder);
    assert.deepEqual(await roomNames(await untilUp(second, folder)), ['survivor']);
    second.child.kill('SIGINT');
    await second.finished();
  });

  it('settles messages to a room with a handler by fallbackResult where no AWS is', async () => {
    const folder = newFolder();
    // Whoever runs the tests may have credentials.
    const none = { HOME: scratch, AWS_EC2_METADATA_DISABLED: 'true' };
    const program = startLocalProcess(folder, none);
    const running = await untilUp(program, folder);
    const uri = `arn:aws:lambda:${running.region}:${running.account}:function:none`;
    const client = clientOf(running);
    for (const fallbackResult of ['ALLOW', 'DENY'] as const) {
      const name = `reviewed-${fallbackResult}`;
      await client.send(new CreateRoomCommand({ name, messageReviewHandler: { uri, fallbackResult } }));
      const said = await chat(folder, ['--room', name, '--user', 'alice'], 'hello\n');
      assert.equal(said.stdout, fallbackResult === 'ALLOW' ? 'alice: hello\n' : '');
      if (fallbackResult === 'DENY') assert.match(said.stderr, /could not be reviewed/);
    }
    client.destroy();
    program.child.kill('SIGINT');
    await program.finished();
  });

  it('delivers between two users of the chat command, and --listen only listens', async () => {
    const folder = newFolder();
    const program = startLocalProcess(folder);
    await untilUp(program, folder);
    const listener = startProgram(
      process.execPath,
      ['services/local/bin/chat.mjs', '--user', 'bob', '--listen'],
      localEnvironment(folder),
      '',
    );
    await eventually(() => assert.match(listener.stderr(), /Joined/), 30_000);
    await chat(folder, ['--user', 'alice'], 'hello bob\n');
    await eventually(() => assert.equal(listener.stdout(), 'alice: hello bob\n'));
    listener.child.kill('SIGINT');
    await listener.finished();
    program.child.kill('SIGINT');
    await program.finished();
  });

  it('is joined again after a restart by the chat command, which ends when its room is gone', async () => {
    const folder = newFolder();
    const ports = await lastingPorts();
    const first = startLocalProcess(folder, ports);
    const running = await untilUp(first, folder);
    const [kept, gone] = ['kept', 'gone'].map((room) =>
      // Their input stays open, as a terminal's does.
      startProgram(
        process.execPath,
        ['services/local/bin/chat.mjs', '--room', room],
        localEnvironment(folder),
      ),
    );
    assert.ok(kept !== undefined && gone !== undefined);
    await eventually(() => assert.match(kept.stderr() + gone.stderr(), /Joined[\s\S]*Joined/), 30_000);
    await deleteRoom(running, 'gone');
    first.child.kill('SIGINT');
    await first.finished();

    const second = startLocalProcess(folder, ports);
    await untilUp(second, folder);
    await eventually(() => assert.match(kept.stderr(), /Joined again/), 30_000);
    kept.child.stdin?.end('still here\n');
    assert.equal((await kept.finished()).stdout, 'alice: still here\n');
    const { status, stderr } = await gone.finished();
    assert.equal(status, 1);
    assert.match(stderr, /\nThe API refused: ResourceNotFoundException: [^\n]+\n$/);
    second.child.kill('SIGINT');
    await second.finished();
  });

  it('uses the Redis of REDIS_URL when there is one', async () => {
    const folder = newFolder();
    const redis = await startRedis();
    const program = startLocalProcess(folder, { REDIS_URL: redis.url });
    await untilUp(program, folder);
    assert.equal(existsSync(join(folder, 'redis')), false);
    program.child.kill('SIGINT');
    assert.equal((await program.finished()).status, 0);
    await redis.stop();
  });

  it('says in one line that a second one runs on the same data folder', async () => {
    const folder = newFolder();
    const first = startLocalProcess(folder);
    await untilUp(first, folder);
    const second = await startLocalProcess(folder).finished();
    assertOneLine(second, /^Roomstream is already running on the data folder /);
    first.child.kill('SIGINT');
    await first.finished();
  });

  it('says in one line which port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const program = startLocalProcess(newFolder(), { ROOMSTREAM_GATEWAY_PORT: `${port}` });
    assertOneLine(await program.finished(), new RegExp(`^Port ${port} is taken: .*ROOMSTREAM_GATEWAY_PORT`));
    server.close();
  });

  it('says in one line that two services are to have the same port', async () => {
    const program = startLocalProcess(newFolder(), {
      ROOMSTREAM_GATEWAY_PORT: '18999',
      ROOMSTREAM_ADMIN_PORT: '18999',
    });
    assertOneLine(
      await program.finished(),
      /^ROOMSTREAM_GATEWAY_PORT and ROOMSTREAM_ADMIN_PORT are both 18999: /,
    );
  });

  it('says in one line that the data of Redis are broken, and how to begin anew', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'redis', 'appendonlydir'), { recursive: true });
    writeFileSync(join(folder, 'redis', 'appendonlydir', 'appendonly.aof.manifest'), 'broken\n');
    assertOneLine(
      await startLocalProcess(folder).finished(),
      /^redis-server did not start: [^0-9].* or, to begin anew without the rooms, move .*redis away\.$/,
    );
  });

  it('says in one line which file of the data folder is somebody else’s', async (t) => {
    if (process.getuid?.() === 0) return t.skip('root may read everything');
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, 'token.keys'), '');
    chmodSync(join(folder, 'token.keys'), 0);
    assertOneLine(await startLocalProcess(folder).finished(), /^You may not read and write .*token\.keys: /);
  });

  it('says in one line that the note of the running instance is broken', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, 'running.json'), '{');
    assertOneLine(await chat(folder, [], ''), /running\.json can't be read /);
  });

  it('says in one line that the data folder is not one', async () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    assertOneLine(await startLocalProcess(file).finished(), /^The data folder .* can't be used \(/);
  });

  it('says in one line that redis-server is missing, with what to type', async () => {
    const program = startProgram(process.execPath, ['services/local/dist/src/main.js'], {
      ...localEnvironment(newFolder()),
      // Neither redis-server nor the means to install it.
      PATH: scratch,
    });
    assertOneLine(await program.finished(), /redis-server is not installed\. Type: /);
  });

  it('says in one line that the Redis of REDIS_URL does not answer', async () => {
    const program = startLocalProcess(newFolder(), { REDIS_URL: 'redis://127.0.0.1:1' });
    assertOneLine(await program.finished(), /^The Redis of REDIS_URL can't be used \(/);
  });

  it('refuses to listen beyond loopback with the secret that everybody knows', async () => {
    const program = startLocalProcess(newFolder(), { ROOMSTREAM_CONTROL_PLANE_HOST: '0.0.0.0' });
    assertOneLine(await program.finished(), /^With the secret "test" Roomstream listens on loopback only/);
  });

  it('names all wrong settings in one message', async () => {
    const program = startLocalProcess(newFolder(), {
      ROOMSTREAM_GATEWAY_PORT: 'x',
      ROOMSTREAM_QUOTAS: 'some',
    });
    const { status, stderr } = await program.finished();
    assert.equal(status, 2);
    assert.match(stderr, /ROOMSTREAM_GATEWAY_PORT/);
    assert.match(stderr, /ROOMSTREAM_QUOTAS/);
  });

  it('takes data folders whose path is too long for a socket', async () => {
    const folder = join(newFolder(), 'x'.repeat(120));
    const program = startLocalProcess(folder);
    await untilUp(program, folder);
    program.child.kill('SIGINT');
    assert.equal((await program.finished()).status, 0);
  });
});

function assertOneLine({ status, stderr }: { status: number | null; stderr: string }, pattern: RegExp): void {
  assert.equal(status, 1, stderr);
  const lines = stderr.trim().split('\n');
  assert.match(lines.at(-1) ?? '', pattern);
  assert.ok(lines.length <= 2 && !stderr.includes('    at '), stderr);
}

/**
 * Ports that a second start finds free as well: not of the range that the system chooses from, where the clients that try
 * to come back, or anybody else, may have got one meanwhile.
 */
async function lastingPorts(): Promise<Record<string, string>> {
  return {
    ROOMSTREAM_CONTROL_PLANE_PORT: `${await lastingPort()}`,
    ROOMSTREAM_GATEWAY_PORT: `${await lastingPort()}`,
  };
}

async function lastingPort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

async function deleteRoom(running: Running, name: string): Promise<void> {
  const client = clientOf(running);
  const { rooms } = await client.send(new ListRoomsCommand({ name }));
  await client.send(new DeleteRoomCommand({ identifier: rooms?.[0]?.arn }));
  client.destroy();
}

function clientOf({ controlPlaneUrl, region, key }: Running): IvschatClient {
  assert.ok(key !== undefined);
  return new IvschatClient({ endpoint: controlPlaneUrl, region, credentials: key });
}

async function roomNames(running: Running): Promise<(string | undefined)[]> {
  const client = clientOf(running);
  const { rooms } = await client.send(new ListRoomsCommand({}));
  client.destroy();
  return (rooms ?? []).map((room) => room.name);
}
