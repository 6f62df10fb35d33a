import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Ivschat } from '@aws-sdk/client-ivschat';
import { connectRaw } from '@roomstream/system-tests/raw-client';
import { eventually } from '@roomstream/testing/eventually';
import { type FleetProcess, startFleetProcess } from '@roomstream/testing/fleet-process';
import { goProgram } from '@roomstream/testing/go-program';
import { startRedis } from '@roomstream/testing/redis-server';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { needs } from '@roomstream/testing/tools';
import { parse } from 'yaml';

/** A service of the file, as far as this test reads it. */
type Service = {
  readonly image: string;
  readonly build?: { readonly dockerfile: string; readonly args: { readonly SERVICE: FleetProcess['kind'] } };
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
};

const file = join(repositoryRoot(), 'deploy', 'compose.yaml');
const compose = parse(readFileSync(file, 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};

test('compose.yaml is one that the Compose specification’s own library takes', {
  skip: needs('go'),
}, async () => {
  const program = await goProgram({
    name: 'compose-go',
    package: 'github.com/compose-spec/compose-go/v2/cmd',
    version: 'v2.9.1',
  });
  const { stdout } = await promisify(execFile)(program, [file]);
  const project = parse(stdout) as { readonly services: object };
  assert.deepEqual(Object.keys(project.services).sort(), Object.keys(compose.services).sort());
});

test('its services, with its environment and volumes, make a room, carry a message and log it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-compose-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [program, ...redisOptions] = compose.services['redis']?.command ?? [];
  assert.equal(program, 'redis-server');
  const redis = await startRedis(redisOptions);
  t.after(redis.stop);
  for (const volume of Object.keys(compose.volumes)) mkdirSync(join(folder, volume));

  /** A path inside of a container, on this machine: what is mounted there. */
  const here = ({ volumes = [] }: Service, text: string): string =>
    volumes.reduce(
      (path, volume) => {
        const [source = '', target = ''] = volume.split(':');
        const isNamed = source in compose.volumes;
        return path.replaceAll(target, isNamed ? join(folder, source) : resolve(dirname(file), source));
      },
      text.replace('redis://redis:6379', redis.url),
    );

  const started = new Map<string, FleetProcess>();
  const start = async (name: string): Promise<void> => {
    const service = compose.services[name];
    if (service?.build === undefined) return;
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      assert.equal(condition, 'service_healthy');
      if (!started.has(other)) await start(other);
    }
    const env = Object.entries(service.environment ?? {}).map(([key, text]) => [key, here(service, text)]);
    const process = await startFleetProcess(service.build.args.SERVICE, Object.fromEntries(env));
    started.set(name, process);
    t.after(() => process.kill('SIGKILL'));
  };
  for (const name of Object.keys(compose.services)) if (!started.has(name)) await start(name);

  const client = new Ivschat({
    endpoint: started.get('control-plane')?.url ?? '',
    region: 'us-west-2',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  t.after(() => client.destroy());
  const { arn: log = '' } = await client.createLoggingConfiguration({
    destinationConfiguration: { s3: { bucketName: 'chat' } },
  });
  const { arn } = await client.createRoom({ loggingConfigurationIdentifiers: [log] });
  const { token = '' } = await client.createChatToken({
    roomIdentifier: arn,
    userId: 'alice',
    capabilities: ['SEND_MESSAGE'],
  });
  const alice = await connectRaw(started.get('gateway')?.url ?? '', token);
  t.after(() => alice.socket.destroy());
  await alice.say('hello');
  await eventually(() => {
    const files = readdirSync(join(folder, 'logs', 'chat'), { recursive: true }).map(String);
    assert.ok(files.some((path) => path.endsWith('.log.gz')));
  }, 30_000);
});

test('each service is built by the Dockerfile for itself, and writes nowhere but in its volumes', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    if (name === 'redis') continue;
    assert.deepEqual(service.build?.args, { SERVICE: name });
    assert.equal(service.image, `roomstream/${name}`);
    assert.equal((service as { read_only?: boolean }).read_only, true);
  }
});
