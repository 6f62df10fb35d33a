import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import type { RedisCluster } from '@roomstream/testing/redis-cluster';
import { startChatter } from './chatter.ts';
import { eachOf } from './each-of.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { idsOf } from './room-view.ts';
import { openStageOn } from './stage.ts';

/** Rooms on all masters of a Cluster in which people talk. */
export type ClusterCrowd = {
  /** Messages that were confirmed to their senders so far. */
  confirmed(): number;
  /** Resolves when this many more are confirmed, in every room some. */
  goesOn(messages: number): Promise<void>;
  /**
   * Lets everyone end, and judges what they saw: each frame once, all in one order, all that was confirmed. Where
   * clients saw different frames, or a confirmed one is missing, a gateway must have told of a gap.
   */
  verdict(): Promise<string>;
};

const rooms = 24;

/** Two gateways on the Cluster, and in each of 24 rooms a client on each of them that says something again and again. */
export async function openClusterCrowd(t: TestContext, cluster: RedisCluster): Promise<ClusterCrowd> {
  const stage = await openStageOn(cluster);
  t.after(() => stage.close());
  const places = await eachOf(Array.from({ length: rooms }), 4, async () => {
    const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
    const clients: RawClient[] = [];
    for (const user of ['ann', 'bob']) {
      const client = await connectRaw(stage.url(clients.length), await stage.api.token(room, user));
      t.after(client.socket.destroy);
      clients.push(client);
    }
    return { clients, chatter: startChatter(clients, 100) };
  });
  const confirmed = () => places.reduce((sum, { chatter }) => sum + chatter.confirmed.length, 0);
  const metric = async (name: string, labels?: string) => {
    const values = await Promise.all(stage.fleet.gateways.map((gateway) => gateway.metric(name, labels)));
    return values.reduce((sum, value) => sum + value, 0);
  };
  return {
    confirmed,
    goesOn: async (messages) => {
      const before = places.map(({ chatter }) => chatter.confirmed.length);
      const sum = confirmed();
      await eventually(() => {
        assert.ok(confirmed() >= sum + messages);
        assert.ok(places.every(({ chatter }, at) => chatter.confirmed.length > (before[at] ?? 0)));
      }, 60_000);
    },
    verdict: async () => {
      await Promise.all(places.map(({ chatter }) => chatter.stop()));
      // One more each: what came before it has come.
      for (const { clients } of places) {
        const [ann] = clients;
        assert.ok(ann !== undefined);
        const last = await eventually(async () => {
          const said = await ann.say('the end');
          assert.equal(said.Type, 'MESSAGE');
          return said;
        }, 30_000);
        for (const client of clients) await client.received((frame) => frame.Id === last.Id, 30_000);
        assert.ok(clients.every((client) => client.socket.isOpen()));
      }
      let missing = 0;
      for (const { clients, chatter } of places) missing += judge(clients, chatter.confirmed);
      const gaps = await eventually(async () => {
        const told = await metric('roomstream_bus_gaps_total');
        assert.ok(missing === 0 || told > 0, `${missing} frames are missing, and no gap was told`);
        return told;
      });
      const errors = places.flatMap(({ chatter }) => chatter.errors);
      // Not confirmed in time, and the room's rate when clients speak again at once.
      assert.deepEqual(
        errors.filter(({ ErrorCode }) => ErrorCode !== 500 && ErrorCode !== 429),
        [],
      );
      const longestMs = Math.max(...places.map(({ chatter }) => chatter.longestWaitMs()));
      const caughtUp = await metric('roomstream_bus_catch_ups_total');
      return `${confirmed()} messages confirmed, ${errors.length} not; longest wait ${Math.round(longestMs)} ms; ${caughtUp} shards caught up, ${gaps} gaps told, ${missing} frames missing`;
    },
  };
}

/** How many frames somebody misses; throws when one came twice, or in another order than elsewhere. */
function judge(clients: readonly RawClient[], confirmed: readonly string[]): number {
  const all = clients.map(idsOf);
  const [reference = []] = all;
  const union = new Set([...all.flat(), ...confirmed]);
  let missing = 0;
  for (const ids of all) {
    const own = new Set(ids);
    assert.equal(own.size, ids.length, 'a frame came twice');
    missing += union.size - own.size;
    assert.deepEqual(
      ids.filter((id) => reference.includes(id)),
      reference.filter((id) => own.has(id)),
      'two clients saw frames in different orders',
    );
  }
  return missing;
}
