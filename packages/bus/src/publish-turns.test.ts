import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import type { Batch, PublishLane } from './publish-lane.ts';
import { PublishTurns } from './publish-turns.ts';
import type { PublisherParts } from './publishing.ts';
import { makeShards, type Shard } from './shards.ts';

type Reply = () => Promise<readonly string[]>;

/** Turns over a script that notes for how many shards each of its runs was. */
function open(options: { isCluster?: boolean; mostCollectingMs?: number; reply?: Reply } = {}) {
  const runs: number[] = [];
  const failures: unknown[] = [];
  const parts = {
    clock: { nowMs: () => 0 },
    scripts: {
      publishEntries: (keys: readonly string[]) => {
        runs.push(keys.filter((key) => key.endsWith(':room')).length);
        return options.reply?.() ?? Promise.resolve([]);
      },
    },
    logBacklogRecords: 1,
    isCluster: options.isCluster ?? false,
    mostCollectingMs: options.mostCollectingMs ?? 0,
  } as unknown as PublisherParts;
  const turns = new PublishTurns(parts);
  const laneOf = (shard: Shard, isFailing = false) => {
    const lane = {
      shard,
      isFailing,
      take: (): Batch => ({ lane, publishes: [], characters: 0 }),
      settle: () => undefined,
      fail: (_: Batch, err: unknown) => void failures.push(err),
    } as unknown as PublishLane;
    return lane;
  };
  return { turns, runs, failures, laneOf };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const [one, two, three] = makeShards(3).all as [Shard, Shard, Shard];

test('the publishes of one turn to several shards are one command', async () => {
  const { turns, runs, laneOf } = open();
  for (const shard of [one, two, three]) turns.add(laneOf(shard));
  await turn();
  assert.deepEqual(runs, [3]);
});

test('on a Cluster each shard has a command of its own', async () => {
  const { turns, runs, laneOf } = open({ isCluster: true });
  for (const shard of [one, two]) turns.add(laneOf(shard));
  await turn();
  assert.deepEqual(runs, [1, 1]);
});

test('a shard whose last command failed goes by itself', async () => {
  const { turns, runs, laneOf } = open();
  turns.add(laneOf(one));
  turns.add(laneOf(two, true));
  turns.add(laneOf(three));
  await turn();
  assert.deepEqual(runs.sort(), [1, 2]);
});

test('a server that is a node of a Cluster gets a command for each shard once it has refused one', async () => {
  const crossSlot = new Error("CROSSSLOT Keys in request don't hash to the same slot");
  const { turns, runs, failures, laneOf } = open({ reply: () => Promise.reject(crossSlot) });
  for (const shard of [one, two]) turns.add(laneOf(shard));
  await turn();
  assert.deepEqual(failures, [crossSlot, crossSlot]);
  for (const shard of [one, two]) turns.add(laneOf(shard));
  await turn();
  assert.deepEqual(runs, [2, 1, 1]);
});

test('what comes first goes in the same turn; a busy process collects what comes soon after', async () => {
  const { turns, runs, laneOf } = open({ mostCollectingMs: 500 });
  const beganMs = performance.now();
  for (let i = 0; i < 2_000; i++) turns.count(beganMs);
  turns.add(laneOf(one));
  await turn();
  const first = runs.length;
  assert.ok(first > 0);
  turns.add(laneOf(two));
  turns.add(laneOf(three));
  await turn();
  if (performance.now() - beganMs < 400) assert.equal(runs.length, first);
  await eventually(() => assert.ok(runs.length > first));
  assert.ok(performance.now() - beganMs >= 400);
  assert.equal(runs.at(-1), 2);
});

test('closed, it sends nothing more', async () => {
  const { turns, runs, laneOf } = open({ mostCollectingMs: 20 });
  turns.add(laneOf(one));
  turns.close();
  await turn();
  assert.deepEqual(runs, []);
});
