import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from '@roomstream/testing/eventually';
import { type FleetProcess, startFleetProcess } from '@roomstream/testing/fleet-process';
import { startRedis } from '@roomstream/testing/redis-server';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { needs } from '@roomstream/testing/tools';
import { chartFolder, example, type Manifest, render } from '../src/chart.ts';

// No cluster runs here, but what the chart says of a container is what is run: its environment, the files that it mounts, its probes.

type Container = {
  readonly name: FleetProcess['kind'];
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
} & Readonly<
  Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', { readonly httpGet: { readonly path: string } }>
>;

const key = { accessKeyId: 'AKIACHART', secretAccessKey: 'a secret of the chart’s test' };
const policies = [
  { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ivschat:*', Resource: '*' }] },
];
/** What the secrets hold that the values name, by the path in the container. */
const secrets = (redisUrl: string): Readonly<Record<string, string>> => ({
  '/etc/roomstream/redis/url': redisUrl,
  '/etc/roomstream/records/url': redisUrl,
  '/etc/roomstream/credentials/credentials.json': JSON.stringify({
    accounts: { '000000000000': { users: { backend: { accessKeys: [key], policies } } } },
  }),
  '/etc/roomstream/review-handlers/handlers.json': JSON.stringify({ handlers: {} }),
});

test('the rendered Deployments run as processes, pass their probes, and pass `helm test`', {
  skip: needs('go'),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-chart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const redis = await startRedis();
  t.after(redis.stop);
  const manifests = await render(
    ...example('minimal'),
    '--set=redis.url=,redis.existingSecret=redis,records.existingSecret=records,reviewHandlers.existingSecret=handlers',
    '--set-json=accounts={"accounts":{"000000000000":{"quotas":{"connections":5}}}}',
  );
  const accounts = manifests.find(({ metadata }) => metadata.name.endsWith('-accounts')) as Manifest & {
    readonly data: { readonly 'accounts.json': string };
  };
  const files = {
    ...secrets(redis.url),
    '/etc/roomstream/accounts/accounts.json': accounts.data['accounts.json'],
  };
  // Of the token keys only the folder: the first who starts makes them.
  mkdirSync(join(folder, 'etc/roomstream/token-keys'), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o600 });
  }
  const here = (value: string) => value.replace(/^\/etc\/roomstream\//, `${folder}/etc/roomstream/`);

  const running = new Map<string, FleetProcess>();
  for (const { kind, spec } of manifests) {
    if (kind !== 'Deployment') continue;
    const [container] = spec.template.spec.containers as [Container];
    assert.equal(container.image, `roomstream/${container.name}:0.1.0`);
    const mounted = container.volumeMounts.map(({ mountPath }) => `${mountPath}/`);
    for (const { value } of container.env.filter(({ value }) => value.startsWith('/')))
      assert.ok(
        mounted.some((path) => value.startsWith(path)),
        `${container.name}: ${value} isn’t mounted`,
      );
    const env = Object.fromEntries(container.env.map(({ name, value }) => [name, here(value)]));
    const process = await startFleetProcess(container.name, env);
    t.after(() => process.kill('SIGKILL'));
    running.set(container.name, process);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
      const { path } = container[probe].httpGet;
      await eventually(async () =>
        assert.ok((await fetch(`${process.adminUrl}${path}`)).ok, `${container.name} ${probe}`),
      );
    }
  }
  assert.deepEqual([...running.keys()].sort(), ['control-plane', 'gateway', 'log-shipper', 'review-worker']);

  // In the image it stands beside the service's node_modules.
  const script = join(repositoryRoot(), 'deploy', 'dist', `round-trip-${process.pid}.mjs`);
  cpSync(join(chartFolder, 'files', 'round-trip.mjs'), script);
  t.after(() => rmSync(script, { force: true }));
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script], {
    env: {
      API_URL: running.get('control-plane')?.url,
      CHAT_URL: running.get('gateway')?.url,
      CREDENTIALS_FILE: join(folder, 'etc/roomstream/credentials/credentials.json'),
      REGION: 'us-west-2',
    },
  });
  assert.match(stdout, /a message was sent and received/);
});
