import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { startFleet } from '@roomstream/testing/fleet';
import { startRedisCluster } from '@roomstream/testing/redis-cluster';
import { startRedisSentinel } from '@roomstream/testing/redis-sentinel';
import { startRedis } from '@roomstream/testing/redis-server';
import { openApi } from '../src/api.ts';
import { connectRaw } from '../src/raw-client.ts';

// The whole system on every kind of Redis deployment: rooms, tokens, connection slots and rates (quotas of IVS, so that
// all of them are counted), messages between two gateways, moderation from the API.

// Several, so that several shards and, in a Cluster, several masters take part; as many as the quota allows in a second.
const rooms = 5;
const deployment = { gateways: 2, controlPlanes: 1 } as const;

async function chatOver(t: TestContext, redis: { readonly url: string }, env: Record<string, string> = {}) {
  const fleet = await startFleet({ ...deployment, redis, env: { ROOMSTREAM_QUOTAS: 'ivs', ...env } });
  t.after(() => fleet.stop());
  const api = openApi(fleet);
  t.after(() => api.close());
  for (let n = 0; n < rooms; n++) {
    const room = await api.createRoom({ name: `room-${n}` });
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(async (user, i) =>
        connectRaw(fleet.gateways[i]?.url ?? '', await api.token(room, user)),
      ),
    );
    assert.ok(alice !== undefined && bob !== undefined);
    t.after(alice.socket.destroy);
    t.after(bob.socket.destroy);
    const said = await alice.say(`hello ${n}`);
    assert.equal(said.Type, 'MESSAGE');
    await bob.received((frame) => frame.Id === said.Id);
    await api.client.deleteMessage({ roomIdentifier: room, id: said.Id });
    for (const client of [alice, bob]) {
      await client.received((frame) => frame.EventName === 'aws:DELETE_MESSAGE');
    }
  }
  const { rooms: listed = [] } = await eventually(() => api.client.listRooms({ maxResults: 50 }));
  assert.equal(listed.length, rooms);
}

test('the whole system works on a Redis Cluster of three masters', async (t) => {
  const cluster = await startRedisCluster();
  t.after(() => cluster.stop());
  await chatOver(t, cluster);
});

test('the whole system works on a master that Sentinel watches', async (t) => {
  const sentinel = await startRedisSentinel();
  t.after(() => sentinel.stop());
  await chatOver(t, sentinel);
});

test('records may live in another Redis than the streams', async (t) => {
  const streams = await startRedis();
  t.after(() => streams.stop());
  const records = await startRedis();
  t.after(() => records.stop());
  await chatOver(t, streams, { ROOMSTREAM_RECORDS_REDIS_URL: records.url });
});

test('the streams may be on a Cluster and the records on a single Redis', async (t) => {
  const streams = await startRedisCluster();
  t.after(() => streams.stop());
  const records = await startRedis();
  t.after(() => records.stop());
  await chatOver(t, streams, { ROOMSTREAM_RECORDS_REDIS_URL: records.url });
});
