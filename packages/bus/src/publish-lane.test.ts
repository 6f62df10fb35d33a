import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { Registry } from 'prom-client';
import { tallyOf } from './metrics.ts';
import { mostPublishes, PublishLane, type Waiting } from './publish-lane.ts';
import { PublishTurns } from './publish-turns.ts';
import type { Published, PublisherParts } from './publishing.ts';
import { Refusals } from './refusals.ts';
import { makeShards, type Shard } from './shards.ts';

const frame = (name: string) => `M${name}`;

/** A lane whose script is answered by the test: each run shows what it publishes. */
function open() {
  const runs: { readonly entries: readonly string[]; succeed(): void; fail(): void }[] = [];
  const silent = { info: () => undefined, warn: () => undefined };
  const parts = {
    clock: { nowMs: () => 1_000 },
    scripts: {
      publishEntries: (_: unknown, args: readonly (string | number)[]) => {
        const entries = args.filter((arg) => `${arg}`.startsWith('M')) as string[];
        return new Promise<readonly string[]>((resolve, reject) => {
          const succeed = () => resolve(entries.map((_, i) => `1-${i}`));
          runs.push({ entries, succeed, fail: () => reject(new Error('LOADING')) });
        });
      },
    },
    log: silent,
    tally: tallyOf(new Registry()),
    logBacklogRecords: 1,
    isCluster: true,
    mostCollectingMs: 0,
  } as unknown as PublisherParts;
  const lane = new PublishLane(parts, new Refusals(), new PublishTurns(parts), makeShards(1).all[0] as Shard);
  const publish = (name: string) =>
    new Promise<Published>((resolve) => {
      const waiting: Waiting = {
        room: 'room',
        limit: 0,
        entries: [frame(name)],
        reviewedUserId: undefined,
        logs: undefined,
        beganMs: performance.now(),
        sentAtRedisMs: undefined,
        deadline: undefined,
        isSettled: false,
        resolve,
      };
      lane.add(waiting);
    });
  return { lane, runs, publish };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('nothing overtakes a command that fails: what comes meanwhile goes behind it', async () => {
  const { runs, publish } = open();
  const first = publish('one');
  await turn();
  const second = publish('two');
  await turn();
  assert.deepEqual(
    runs.map(({ entries }) => entries),
    [['Mone']],
  );
  runs[0]?.fail();
  await eventually(() => assert.deepEqual(runs[1]?.entries, ['Mone', 'Mtwo']));
  runs[1]?.succeed();
  assert.deepEqual([(await first).kind, (await second).kind], ['published', 'published']);
});

test('what came while a command was under way goes as soon as it is answered', async () => {
  const { runs, publish } = open();
  void publish('one');
  await turn();
  void publish('two');
  runs[0]?.succeed();
  await turn();
  await turn();
  assert.deepEqual(runs[1]?.entries, ['Mtwo']);
});

test('more than one command may hold go one after the other', async () => {
  const { runs, publish } = open();
  for (let n = 0; n <= mostPublishes; n++) void publish(`${n}`);
  await turn();
  assert.equal(runs.length, 1);
  assert.equal(runs[0]?.entries.length, mostPublishes);
  runs[0]?.succeed();
  await turn();
  await turn();
  assert.deepEqual(runs[1]?.entries, [`M${mostPublishes}`]);
});

test('what waits behind a command that fails is unavailable after 2 s as well', async () => {
  const { runs, publish } = open();
  void publish('one');
  await turn();
  const beganMs = performance.now();
  const behind = publish('two');
  runs[0]?.fail();
  assert.equal((await behind).kind, 'unavailable');
  const waitedMs = performance.now() - beganMs;
  assert.ok(waitedMs > 1_900, `${waitedMs} ms`);
  assert.equal(runs.length, 2);
});

test('closed, it settles what waits', async () => {
  const { lane, runs, publish } = open();
  void publish('one');
  await turn();
  const behind = publish('two');
  lane.close();
  assert.equal((await behind).kind, 'unavailable');
  assert.equal(runs.length, 1);
});
