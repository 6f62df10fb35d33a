import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connectRaw } from '@roomstream/system-tests/raw-client';
import type { Stage } from '@roomstream/system-tests/stage';
import { eventually } from '@roomstream/testing/eventually';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { needs } from '@roomstream/testing/tools';
import { openEverything, processesOf } from '../src/live-metrics.ts';
import { type Prometheus, startPrometheus } from '../src/prometheus.ts';
import { type Dashboard, dashboardQueries } from '../src/queries.ts';

const deploy = join(repositoryRoot(), 'deploy');
const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana', 'roomstream.json'), 'utf8')) as Dashboard;

type Series = {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
};

describe('a Prometheus that reads every service', { skip: needs('prometheus') }, () => {
  let stage: Stage;
  let prometheus: Prometheus;

  before(async () => {
    stage = await openEverything();
    const targets = processesOf(stage).map(({ kind, adminUrl }) => ({ job: kind, adminUrl }));
    prometheus = await startPrometheus(targets, join(deploy, 'alerts', 'roomstream.rules.yaml'));
  });

  after(async () => {
    await prometheus?.stop();
    await stage?.close();
  });

  const ask = async (query: string): Promise<readonly Series[]> =>
    (await prometheus.api<{ readonly result: readonly Series[] }>('query', { query })).result;

  const panel = (title: string) =>
    dashboardQueries(dashboard)
      .filter(({ where }) => where === `panel ${title}`)
      .map(({ text }) => filled(text));

  test('answers every query of the dashboard, and shows in it what was said', async (t) => {
    const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
    const client = await connectRaw(stage.url(0), await stage.api.token(room, 'ann'));
    t.after(client.socket.destroy);
    for (const query of dashboardQueries(dashboard)) await ask(filled(query.text));
    const [p99 = ''] = panel('Delivery p99');
    const [deliveries = ''] = panel('Deliveries');
    const [connections = ''] = panel('Connections');
    await eventually(async () => {
      await client.say('hello');
      assert.ok(Number((await ask(deliveries))[0]?.value[1]) > 0);
      const seconds = Number((await ask(p99))[0]?.value[1]);
      assert.ok(seconds > 0 && seconds < 30, `${seconds}`);
      assert.equal((await ask(connections))[0]?.value[1], '1');
    }, 60_000);
  });

  test('evaluates every rule, and fires none while all is well', async () => {
    type Rules = {
      readonly groups: readonly {
        readonly rules: readonly { readonly name: string; readonly health: string; readonly state: string }[];
      }[];
    };
    await eventually(async () => {
      const { groups } = await prometheus.api<Rules>('rules');
      const rules = groups.flatMap((group) => group.rules);
      assert.ok(rules.length > 20);
      for (const { name, health } of rules) assert.equal(health, 'ok', name);
      assert.deepEqual(
        rules.filter(({ state }) => state !== 'inactive').map(({ name }) => name),
        [],
      );
    }, 60_000);
  });
});

/** The query as Grafana sends it when nothing is chosen. */
function filled(query: string): string {
  return query.replaceAll(/\$(namespace|job|pod)/g, '.*').replaceAll('[5m]', '[10s]');
}
