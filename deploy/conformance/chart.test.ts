import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { helmProgram } from '@roomstream/testing/helm';
import { pythonTools } from '@roomstream/testing/python-tools';
import { needs } from '@roomstream/testing/tools';
import { stringify } from 'yaml';
import { chartFolder, example, helm, kubernetesVersion, type Manifest, render } from '../src/chart.ts';
import { valueRows, valuesTable } from '../src/values-table.ts';

const examples = ['minimal', 'own-redis', 'full', 'cluster'];

test('the README’s table has every value of the chart with its default', () => {
  const table = valuesTable(valueRows(readFileSync(join(chartFolder, 'values.yaml'), 'utf8')));
  const readme = readFileSync(join(chartFolder, 'README.md'), 'utf8');
  assert.ok(readme.includes(table), `the table should be:\n${table}`);
});

test('alerts and dashboard in the chart are those of deploy/alerts and deploy/grafana', () => {
  const deploy = join(chartFolder, '..', '..');
  for (const [inChart, home] of [
    ['roomstream.rules.yaml', 'alerts/roomstream.rules.yaml'],
    ['roomstream.json', 'grafana/roomstream.json'],
  ] as const) {
    const [copy, original] = [join(chartFolder, 'files', inChart), join(deploy, home)];
    assert.equal(
      readFileSync(copy, 'utf8'),
      readFileSync(original, 'utf8'),
      `cp deploy/${home} to the chart’s files`,
    );
  }
});

describe('the Helm chart', { skip: needs('go', 'python3') }, () => {
  // Built once; minutes on a new machine.
  before(helmProgram, { timeout: 7 * 60_000 });

  for (const name of examples) {
    test(`${name} values pass lint, and render what Kubernetes’s own schemas take, strictly`, async (t) => {
      await helm('lint', '--strict', chartFolder, ...example(name));
      const folder = mkdtempSync(join(tmpdir(), 'roomstream-chart-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, 'manifests.yaml');
      const manifests = await render(...example(name));
      assert.ok(manifests.length > 10);
      writeFileSync(file, manifests.map((manifest) => stringify(manifest, { version: '1.1' })).join('---\n'));
      const tools = await pythonTools();
      if (tools === undefined) throw new Error('needs python3');
      const version = kubernetesVersion.split('.').slice(0, 2).join('.');
      await promisify(execFile)(tools.kubernetesValidate, ['-k', version, '--strict', '--no-warn', file]);
    });
  }

  test('alerts come as a PrometheusRule and the dashboard as a ConfigMap, whole', async () => {
    const manifests = await render(...example('full'));
    const rule = manifests.find(isKind('PrometheusRule'));
    assert.ok(rule?.spec.groups.length > 0);
    const dashboard = manifests.find(({ metadata }) => metadata.name.endsWith('-dashboard')) as unknown as {
      readonly data: Readonly<Record<string, string>>;
    };
    assert.ok(JSON.parse(dashboard.data['roomstream.json'] ?? '').panels.length > 0);
  });

  test('nobody is without strength during an update, and pods are as restricted as Kubernetes asks for', async () => {
    for (const { spec, metadata } of (await render(...example('full'))).filter(isKind('Deployment'))) {
      assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 }, metadata.name);
      const pod = spec.template.spec;
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
      const [container] = pod.containers;
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const [startup, readiness, liveness] = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) =>
        JSON.stringify(container[name]),
      );
      assert.equal(new Set([startup, readiness, liveness]).size, 3);
      assert.equal(container.livenessProbe.httpGet.path, '/healthz');
      assert.equal(container.readinessProbe.httpGet.path, '/readyz');
    }
  });

  test('the time to stop follows the drain, and the process ends before the kubelet loses patience', async () => {
    const gateway = await deployment('gateway', ...example('minimal'), '--set', 'gateway.drain.seconds=150');
    const { terminationGracePeriodSeconds, containers } = gateway.spec.template.spec;
    assert.equal(terminationGracePeriodSeconds, 5 + 150 + 15);
    const env = envOf(containers[0]);
    assert.equal(env['ROOMSTREAM_GATEWAY_DRAIN_SECONDS'], '150');
    const stop = Number(env['ROOMSTREAM_STOP_SECONDS']);
    assert.ok(stop > 155 && stop < terminationGracePeriodSeconds, `${stop}`);
  });

  test('more connections than the drain’s seconds can send away make the time to stop longer', async () => {
    const many = 'gateway.drain.mostConnections=90000,gateway.drain.perSecond=1000';
    const gateway = await deployment('gateway', ...example('minimal'), '--set', many);
    assert.equal(gateway.spec.template.spec.terminationGracePeriodSeconds, 5 + 90 + 15);
  });

  test('with a closed network `helm test` still reaches both services, and no peers for the admin port means nobody', async () => {
    const policies = (await render(...example('full'), '--set-json=networkPolicy.adminFrom=[]')).filter(
      isKind('NetworkPolicy'),
    );
    for (const { metadata, spec } of policies) {
      const ports = spec.ingress.map((rule: { ports: readonly { port: string }[] }) => rule.ports[0]?.port);
      assert.ok(!ports.includes('admin'), metadata.name);
      for (const { from } of spec.ingress) {
        const components = from.map(
          (peer: { podSelector?: { matchLabels: Record<string, string> } }) =>
            peer.podSelector?.matchLabels['app.kubernetes.io/component'],
        );
        assert.ok(components.includes('test'), metadata.name);
      }
    }
    assert.equal(policies.length, 4);
  });

  test('a changed setting rolls its pods and no others; a changed file of quotas rolls none', async () => {
    const checksum = async (service: string, ...args: readonly string[]) =>
      (await deployment(service, ...example('minimal'), ...args)).spec.template.metadata.annotations[
        'checksum/env'
      ];
    const accounts = '--set-json=accounts={"accounts":{"111111111111":{"quotas":{"connections":5}}}}';
    const more = '--set-json=accounts={"accounts":{"111111111111":{"quotas":{"connections":6}}}}';
    const changed = '--set=gateway.env.ROOMSTREAM_GATEWAY_MOST_COLLECTING_MS=10';
    assert.notEqual(await checksum('gateway'), await checksum('gateway', changed));
    assert.equal(await checksum('control-plane'), await checksum('control-plane', changed));
    assert.equal(await checksum('gateway', accounts), await checksum('gateway', more));
  });

  test('an autoscaler owns the number of pods, whole numbers stay whole, and a single pod has no disruption budget', async () => {
    const scaled = [
      ...example('minimal'),
      '--set=gateway.autoscaling.kind=keda,gateway.autoscaling.targetConnections=1000000',
    ];
    assert.equal((await deployment('gateway', ...scaled)).spec.replicas, undefined);
    const object = (await render(...scaled)).find(isKind('ScaledObject'));
    assert.equal(object?.spec.triggers[0].metadata.threshold, '1000000');
    const env = '--set=gateway.env.ROOMSTREAM_GATEWAY_HANDSHAKES_WAITING=1000000';
    const [container] = (await deployment('gateway', ...example('minimal'), env)).spec.template.spec
      .containers;
    assert.equal(envOf(container)['ROOMSTREAM_GATEWAY_HANDSHAKES_WAITING'], '1000000');
    const budgets = (await render(...example('own-redis'))).filter(isKind('PodDisruptionBudget'));
    assert.deepEqual(budgets, []);
  });

  for (const [values, words] of [
    ['region=here', /region/],
    ['gateway.replicas=-1', /gateway\.replicas|\/gateway\/replicas/],
    ['gateway.replicas=two', /replicas/],
    ['gateway.replica=2', /replica/],
    ['gateway.drain.seconds=0', /seconds/],
    [
      'gateway.terminationGracePeriodSeconds=20',
      /gateway\.terminationGracePeriodSeconds: 20 s is too short, its stop takes up to 120 s/,
    ],
    [
      'controlPlane.terminationGracePeriodSeconds=10',
      /controlPlane\.terminationGracePeriodSeconds: 10 s is too short/,
    ],
    ['gateway.autoscaling.kind=hpa', /kind/],
    ['controlPlane.autoscaling.kind=keda', /kind/],
    [
      'gateway.autoscaling.kind=cpu,gateway.autoscaling.min=9,gateway.autoscaling.max=3',
      /min \(9\) is more than max \(3\)/,
    ],
    ['gateway.autoscaling.targetCpuPercent=120', /targetCpuPercent/],
    ['gateway.autoscaling.prometheusUrl=prometheus', /prometheusUrl/],
    ['redis.url=http://redis', /redis/],
    ['redis.url=redis://user:secret@redis:6379', /redis/],
    ['redis.existingSecret=redis', /one of redis\.url, redis\.existingSecret and redis\.own\.enabled/],
    ['redis.url=', /one of redis\.url/],
    ['tokenKeys.kmsKeyId=alias/x', /tokenKeys: either kmsKeyId or existingSecret, not both/],
    ['tokenKeys.existingSecret=', /tokenKeys: either kmsKeyId or existingSecret must say/],
    ['credentials.existingSecret=', /credentials\.existingSecret: name the secret/],
    ['gateway.ingress.enabled=true', /gateway\.ingress\.host: which host/],
    ['gateway.httpRoute.enabled=true', /gateway\.httpRoute\.parentRefs: which Gateway/],
    ['gateway.service.port=70000', /port/],
    ['env.lower_case=1', /lower_case|env/],
    ['image.pullPolicy=Sometimes', /pullPolicy/],
    ['monitoring.podMonitor.interval=often', /interval/],
  ] as const) {
    test(`refused, and told why: ${values}`, async () => {
      await assert.rejects(render(...example('minimal'), '--set', values), words);
    });
  }
});

const isKind =
  (kind: string) =>
  (manifest: Manifest): boolean =>
    manifest.kind === kind;

async function deployment(service: string, ...args: readonly string[]): Promise<Manifest> {
  const found = (await render(...args)).find(
    (manifest) =>
      manifest.kind === 'Deployment' && manifest.metadata.labels?.['app.kubernetes.io/component'] === service,
  );
  if (found === undefined) throw new Error(`no Deployment of ${service}`);
  return found;
}

function envOf({ env }: { env: readonly { name: string; value: string }[] }): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}
