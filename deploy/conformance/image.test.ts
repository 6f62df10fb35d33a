import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ivschat } from '@aws-sdk/client-ivschat';
import { connectRaw } from '@roomstream/system-tests/raw-client';
import { eventually } from '@roomstream/testing/eventually';
import { freePort } from '@roomstream/testing/free-port';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { needs } from '@roomstream/testing/tools';
import { baseRoots } from '../src/base-roots.ts';
import { buildImages, type Image } from '../src/build-image.ts';
import { readDockerfile } from '../src/dockerfile.ts';
import { runRooted, spawnRooted } from '../src/rooted.ts';

// There is no container engine here: the Dockerfile's steps are done in folders, and its images run with those as their root, as
// its user, with nothing writable but the volume and /tmp.

const services = ['control-plane', 'gateway', 'review-worker', 'log-shipper', 'local'];
const withWebSockets = ['gateway', 'local'];
const isRoot = process.getuid?.() === 0;
const skip = isRoot
  ? needs('debootstrap', 'unshare', 'chroot', 'npm')
  : 'only the superuser may change roots';
const key = { accessKeyId: 'AKIAIMAGE', secretAccessKey: 'a secret for this test' };

describe('images that the Dockerfile makes', { skip }, () => {
  const repository = repositoryRoot();
  let scratch: string;
  let images: ReadonlyMap<string, Image>;
  let redis: RedisServer;
  const running: ChildProcess[] = [];

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'roomstream-images-'));
    redis = await startRedis();
    const dockerfile = readDockerfile(join(repository, 'deploy', 'Dockerfile'));
    images = await buildImages(
      { dockerfile, context: repository, bases: await baseRoots(), scratch },
      services,
    );
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await redis?.stop();
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  });

  const imageOf = (service: string): Image => {
    const image = images.get(service);
    if (image === undefined) throw new Error(`no image of ${service}`);
    return image;
  };

  /** A volume as a container engine makes it: with the owner that the image's folder has. */
  const volume = (name: string): string => {
    const folder = join(scratch, name);
    execFileSync('cp', ['-a', join(imageOf('gateway').root, 'data'), folder]);
    return folder;
  };

  const options = (service: string, data: string, env: Readonly<Record<string, string>>) => {
    const image = imageOf(service);
    const mounts = Object.fromEntries(image.volumes.map((path) => [path, data]));
    return { ...image, env: { ...image.env, TINI_SUBREAPER: '1', ...env }, mounts, isReadOnly: true };
  };

  /** Starts an image as a container; `env` as `docker run -e`. */
  const start = (service: string, data: string, env: Readonly<Record<string, string>>) => {
    const child = spawnRooted(options(service, data, env), imageOf(service).entrypoint);
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const health = () => runRooted(options(service, data, env), imageOf(service).healthcheck);
    return {
      healthy: () =>
        eventually(() => health().catch((error) => Promise.reject(new Error(`${error}\n${output}`))), 60_000),
      health,
      stop: async () => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        return { status: await ended, output };
      },
    };
  };

  const talk = async (api: number, chat: number, credentials: typeof key) => {
    const client = new Ivschat({ endpoint: `http://127.0.0.1:${api}`, region: 'us-west-2', credentials });
    const { arn } = await client.createRoom({});
    const { token = '' } = await client.createChatToken({
      roomIdentifier: arn,
      userId: 'alice',
      capabilities: ['SEND_MESSAGE'],
    });
    client.destroy();
    const alice = await connectRaw(`ws://127.0.0.1:${chat}`, token);
    const { Content } = await alice.say('hello from an image');
    alice.socket.destroy();
    assert.equal(Content, 'hello from an image');
  };

  test('control plane and gateway, with one volume and a Redis, make a room and carry a message; SIGTERM ends them with status 0', async (t) => {
    const data = volume('data');
    const credentials = join(data, 'credentials.json');
    const policies = [
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ivschat:*', Resource: '*' }] },
    ];
    const users = { backend: { accessKeys: [key], policies } };
    writeFileSync(credentials, JSON.stringify({ accounts: { '000000000000': { users } } }));
    chmodSync(credentials, 0o644);
    const [api, chat, apiAdmin, chatAdmin] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const common = { REDIS_URL: redis.url, ROOMSTREAM_TOKEN_KEY_FILE: '/data/token.keys' };
    const plane = start('control-plane', data, {
      ...common,
      ROOMSTREAM_CREDENTIALS_FILE: '/data/credentials.json',
      ROOMSTREAM_CONTROL_PLANE_PORT: `${api}`,
      ROOMSTREAM_ADMIN_PORT: `${apiAdmin}`,
    });
    await plane.healthy();
    const gateway = start('gateway', data, {
      ...common,
      ROOMSTREAM_GATEWAY_PORT: `${chat}`,
      ROOMSTREAM_ADMIN_PORT: `${chatAdmin}`,
      ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '0',
      ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '1',
    });
    await gateway.healthy();
    await eventually(async () => assert.ok((await fetch(`http://127.0.0.1:${chatAdmin}/readyz`)).ok));
    await talk(api, chat, key);
    for (const one of [gateway, plane]) {
      const { status, output } = await one.stop();
      assert.equal(status, 0, output);
      t.diagnostic(`${output.split('\n').length - 1} lines of output`);
    }
    await assert.rejects(gateway.health(), /ECONNREFUSED/);
  });

  test('workers become ready beside a Redis; SIGTERM ends them with status 0', async () => {
    for (const service of ['review-worker', 'log-shipper']) {
      const admin = await freePort();
      const worker = start(service, volume(`${service}-data`), {
        REDIS_URL: redis.url,
        ROOMSTREAM_ADMIN_PORT: `${admin}`,
        ...(service === 'log-shipper' ? { ROOMSTREAM_LOG_FOLDERS: '*=/data' } : {}),
      });
      await worker.healthy();
      await eventually(async () => assert.ok((await fetch(`http://127.0.0.1:${admin}/readyz`)).ok), 60_000);
      const { status, output } = await worker.stop();
      assert.equal(status, 0, `${service}: ${output}`);
    }
  });

  test('images run Node 24 on a glibc that the WebSocket library loads on', async (t) => {
    const print = `console.log(process.versions.node, process.report.getReport().header.glibcVersionRuntime)`;
    for (const service of services) {
      const said = await runRooted(options(service, volume(`${service}-version`), {}), ['node', '-e', print]);
      t.diagnostic(`${service}: Node and glibc ${said.trim()}`);
      const [, major, minor] = /^(\d+)\.\S+ 2\.(\d+)\n$/.exec(said) ?? [];
      assert.equal(major, '24');
      assert.ok(Number(minor) >= 38, said);
    }
  });

  test('`local` brings its own Redis and keeps rooms in the volume', async () => {
    const data = volume('local-data');
    const [api, chat, admin] = await Promise.all([freePort(), freePort(), freePort()]);
    const env = {
      ROOMSTREAM_CONTROL_PLANE_PORT: `${api}`,
      ROOMSTREAM_GATEWAY_PORT: `${chat}`,
      ROOMSTREAM_ADMIN_PORT: `${admin}`,
    };
    const own = { accessKeyId: 'test', secretAccessKey: 'test' };
    const local = start('local', data, env);
    await local.healthy();
    await talk(api, chat, own);
    const { status, output } = await local.stop();
    assert.equal(status, 0, output);
    assert.match(output, /its rooms again/);
  });

  test('images have what runs and nothing else: no root, no compiler, no package manager of Node, one binary of the library', (t) => {
    for (const service of services) {
      const { root, user, entrypoint } = imageOf(service);
      assert.match(user, /^[1-9]\d*:[1-9]\d*$/);
      assert.equal(entrypoint[0], '/usr/bin/tini');
      for (const folder of ['usr/local/bin', 'usr/bin', 'bin']) {
        const tools = readdirSync(join(root, folder)).filter((name) =>
          /^(npm|npx|yarn|corepack|gcc|cc|g\+\+|make|git|python3|curl|wget)$/.test(name),
        );
        assert.deepEqual(tools, [], `${service}: /${folder}`);
      }
      const found = (folder: string, ...names: string[]) =>
        readdirSync(join(root, 'app', folder), { recursive: true })
          .map(String)
          .filter((file) => names.some((name) => file.endsWith(name)));
      assert.equal(found('node_modules', '.node').length, withWebSockets.includes(service) ? 1 : 0);
      const ours = ['packages', 'services'].flatMap((folder) => found(folder, '.test.js', '.ts'));
      assert.deepEqual(ours, [], service);
      assert.equal(existsSync(join(root, 'usr/bin/redis-server')), service === 'local');
      const megabytes = (folder: string) => execFileSync('du', ['-sm', folder]).toString().split('\t')[0];
      t.diagnostic(`${service}: ${megabytes(root)} MB in all, ${megabytes(join(root, 'app'))} MB of it /app`);
    }
  });
});
