import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { startRedisCluster } from '@roomstream/testing/redis-cluster';
import { followersOn, streamsOn, subscribedOn } from '../src/cluster-spread.ts';
import { eachOf } from '../src/each-of.ts';
import { connectRaw } from '../src/raw-client.ts';
import { openStageOn } from '../src/stage.ts';

const shards = 128;

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

for (const masters of [1, 2, 3]) {
  test(`rooms spread evenly over ${masters} master${masters === 1 ? '' : 's'} of a Cluster`, async (t) => {
    const cluster = await startRedisCluster({ masters });
    const stage = await openStageOn(cluster, { gateways: 1 });
    t.after(() => stage.close());
    let streams: number[] = [];
    // Rooms fall on shards at random: some get many before the last one has any.
    for (let batches = 0; batches < 20 && sum(streams) < shards; batches++) {
      await eachOf(Array.from({ length: shards * 2 }), 16, async () => {
        const room = await stage.api.createRoom();
        await stage.api.client.sendEvent({ roomIdentifier: room, eventName: 'x' });
      });
      streams = await Promise.all(cluster.masters.map(streamsOn));
    }
    t.diagnostic(`streams of ${shards} shards: ${streams.join(', ')}`);
    assert.equal(sum(streams), shards);
    assert.ok(Math.max(...streams) - Math.min(...streams) <= 2);
  });
}

test('a gateway that has rooms in few shards does not read the others', async (t) => {
  const cluster = await startRedisCluster();
  const stage = await openStageOn(cluster);
  t.after(() => stage.close());
  const connect = async (gateway: number, room: string) => {
    const client = await connectRaw(stage.url(gateway), await stage.api.token(room, 'ann'));
    t.after(client.socket.destroy);
    return client;
  };
  const [quiet, busy] = stage.fleet.gateways;
  assert.ok(quiet !== undefined && busy !== undefined);
  const own = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const watcher = await connect(0, own);
  const crowd = await eachOf(Array.from({ length: 60 }), 8, async () =>
    connect(1, await stage.api.createRoom({ maximumMessageRatePerSecond: 100 })),
  );
  // The busy gateway has a connection to each master, the quiet one to that of its only shard.
  assert.equal(await quiet.metric('roomstream_bus_followed_shards'), 1);
  const followers = await Promise.all(cluster.masters.map(followersOn));
  assert.deepEqual(followers.toSorted(), [1, 1, 2]);
  const followed = await busy.metric('roomstream_bus_followed_shards');
  const channels = (await Promise.all(cluster.masters.map(subscribedOn))).reduce((sum, count) => sum + count);
  assert.ok(channels === followed || channels === followed + 1, `${channels} channels, ${followed} shards`);
  const read = () => quiet.metric('roomstream_bus_entries_received_total');
  const before = await read();
  for (let round = 0; round < 10; round++) await Promise.all(crowd.map((client) => client.say(`${round}`)));
  const said = await watcher.say('mine');
  await watcher.received((frame) => frame.Id === said.Id);
  const [quietRead, busyRead] = [
    (await read()) - before,
    await busy.metric('roomstream_bus_entries_received_total'),
  ];
  t.diagnostic(
    `${crowd.length * 10 + 1} messages on ${channels} shards: the gateway of one shard read ${quietRead} entries, the other one ${busyRead}`,
  );
  assert.ok(busyRead >= 600);
  // Its own message, and those of rooms that happen to share its shard; of 60 rooms on 128 shards few.
  assert.ok(quietRead >= 1 && quietRead <= 60, `${quietRead}`);
});

test('a gateway follows a shard no longer than it has rooms there, and some time more', async (t) => {
  const cluster = await startRedisCluster({ masters: 1 });
  const stage = await openStageOn(cluster, { gateways: 1 });
  t.after(() => stage.close());
  const room = await stage.api.createRoom();
  const client = await connectRaw(stage.url(0), await stage.api.token(room, 'ann'));
  const followed = () => stage.gateway(0).metric('roomstream_bus_followed_shards');
  assert.equal(await followed(), 1);
  client.socket.destroy();
  await eventually(async () => (await followed()) === 0, 60_000);
  const [master] = cluster.masters;
  assert.ok(master !== undefined);
  assert.equal(await subscribedOn(master), 0);
});
