import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { contentsOf, type GuestRoom, guestQuotas, openGuestRoom, words } from '../src/guests.ts';
import { seededRandom } from '../src/random.ts';
import { connectRaw, type ServerFrame } from '../src/raw-client.ts';
import { openStageOn, type Stage } from '../src/stage.ts';
import { withStreamOf } from '../src/stream-frames.ts';

// What a user can't be given any more is told to those who ask for it, and counted for all: never silent.

const mostFrames = 20;
const status = { query: '?recovery=status' } as const;
let stage: Stage<RedisServer>;
const there = () => stage.gateway(0);
const elsewhere = () => stage.gateway(1);

before(async () => {
  stage = await openStageOn(await startRedis(durable), {
    gateways: 2,
    accountQuotas: guestQuotas,
    env: { ROOMSTREAM_SHARDS: '2' },
    gatewayEnv: {
      ROOMSTREAM_RECOVERY_MOST_FRAMES: `${mostFrames}`,
      ROOMSTREAM_RECOVERY_MOST_BYTES: '8192',
    },
  });
});
after(() => stage?.close());

type Counted = { readonly recovered: number; readonly partial: number; readonly missed: number };

async function counted(): Promise<Counted> {
  const sum = async (name: string, labels?: string) => {
    const values = await Promise.all(stage.fleet.gateways.map((gateway) => gateway.metric(name, labels)));
    return values.reduce((all, value) => all + value, 0);
  };
  return {
    recovered: await sum('roomstream_recoveries_total', 'recovered'),
    partial: await sum('roomstream_recoveries_total', 'partial'),
    missed: await sum('roomstream_recovery_missed_frames_total'),
  };
}

type Told = { readonly recovered: string; readonly replayed: string; readonly missed: string };

/** What came back to one of two users who were lost together. */
type Return = {
  /** Those of the missed messages that it received, before live ones. */
  readonly replayed: readonly string[];
  readonly told: readonly Told[];
};

/** Two users are lost, the room says something, a fault happens, and both return; the first one asks how it went. */
async function loseAndReturn(
  t: TestContext,
  missed: readonly string[],
  fault: (room: GuestRoom) => Promise<unknown> = async () => undefined,
) {
  const room = await openGuestRoom(t, stage, elsewhere());
  const users = ['asks', 'does not ask'] as const;
  for (const userId of users) {
    const guest = await room.enter(userId, there());
    await room.heardUpTo('before', guest);
    guest.socket.destroy();
  }
  await room.say(...missed);
  const base = await counted();
  await fault(room);
  const [asking, other] = [
    await room.enter(users[0], elsewhere(), status),
    await room.enter(users[1], elsewhere()),
  ];
  const returns = [
    returnOf(await room.heardUpTo('live', asking), missed),
    returnOf(await room.heardUpTo('live too', other), missed),
  ] as const;
  const now = await counted();
  assert.deepEqual(returns[1].told, [], 'told to one who did not ask');
  assert.deepEqual(returns[1].replayed, returns[0].replayed);
  const rise = (of: keyof Counted) => now[of] - base[of];
  return {
    ...returns[0],
    counted: { recovered: rise('recovered'), partial: rise('partial'), missed: rise('missed') },
  };
}

/** Whatever came of what was missed is its end, in order, and nothing live came between. */
function returnOf(heard: readonly ServerFrame[], missed: readonly string[]): Return {
  const contents = contentsOf(heard);
  const replayed = contents.filter((content) => missed.includes(content));
  assert.deepEqual(replayed, missed.slice(missed.length - replayed.length));
  const first = contents.indexOf(replayed[0] ?? '');
  if (first >= 0) assert.deepEqual(contents.slice(first, first + replayed.length), replayed);
  const told = heard.flatMap(({ EventName, Attributes }) =>
    EventName === 'roomstream:RECOVERY' ? [Attributes as Told] : [],
  );
  return { replayed, told };
}

test('a recovery within the bounds is whole: whoever asks is told so, and nothing counts as missed', async (t) => {
  const back = await loseAndReturn(t, words('missed', 10));
  assert.deepEqual(back.replayed, words('missed', 10));
  const [told] = back.told;
  assert.equal(back.told.length, 1);
  assert.deepEqual({ recovered: told?.recovered, missed: told?.missed }, { recovered: 'true', missed: '0' });
  assert.ok(Number(told?.replayed) >= 10, told?.replayed);
  assert.deepEqual(back.counted, { recovered: 2, partial: 0, missed: 0 });
});

for (const [what, missed] of [
  ['a few more frames than the bound', words('missed', mostFrames + 30)],
  ['many times the bound', words('missed', 20 * mostFrames)],
  ['more bytes than the bound', words('missed', 15).map((word) => word.padEnd(500, '.'))],
] as const) {
  test(`who missed ${what} gets the newest of it; the rest is told and counted`, async (t) => {
    const back = await loseAndReturn(t, missed);
    assert.ok(back.replayed.length > 0 && back.replayed.length <= mostFrames, `${back.replayed.length}`);
    const bytes = back.replayed.reduce((sum, content) => sum + content.length, 0);
    assert.ok(bytes <= 8_192, `${bytes} bytes`);
    const [told] = back.told;
    assert.equal(told?.recovered, 'false');
    assert.equal(told.replayed, `${back.replayed.length}`);
    const lost = missed.length - back.replayed.length;
    const [, atLeast, number] = /^(at least )?([0-9]+)$/.exec(told.missed) ?? [];
    assert.ok(number !== undefined && Number(number) > 0, told.missed);
    // What was certain before may be a little behind what was received.
    if (atLeast === undefined) assert.ok(Number(number) >= lost && Number(number) <= lost + 2, told.missed);
    else assert.ok(Number(number) <= lost + 2, told.missed);
    assert.equal(back.counted.partial, 2);
    // Of two who were lost one after the other, one may have been owed a little more.
    assert.ok(back.counted.missed >= 2 * Number(number) - 2, `${back.counted.missed}`);
  });
}

for (const [what, kept] of [
  ['all of it', 0],
  ['the older part of it', 5],
] as const) {
  test(`when the stream was trimmed past the place of one who was lost (${what}), that is told and counted`, async (t) => {
    const missed = words('missed', 10);
    const back = await loseAndReturn(t, missed, (room) =>
      withStreamOf(stage.redis, room.id, (client, key) => client.xtrim(key, 'MAXLEN', kept)),
    );
    assert.ok(back.replayed.length <= kept);
    assert.deepEqual(
      back.told.map(({ recovered }) => recovered),
      ['false'],
    );
    assert.notEqual(back.told[0]?.missed, '0');
    assert.equal(back.counted.partial, 2);
  });
}

test('when ids of the stream went back, as after a failover that lost entries, that is told and counted', async (t) => {
  const missed = words('missed', 10);
  const back = await loseAndReturn(t, missed, (room) =>
    withStreamOf(stage.redis, room.id, async (client, key) => {
      // What was written last is gone, and the clock of the new master is behind.
      const [first] = await client.xrange(key, '-', '+', 'COUNT', 1);
      assert.ok(first !== undefined);
      const [id, fields] = first;
      await client
        .multi()
        .del(key)
        .xadd(key, id, ...fields)
        .exec();
    }),
  );
  assert.deepEqual(back.replayed, []);
  assert.deepEqual(
    back.told.map(({ recovered }) => recovered),
    ['false'],
  );
  assert.notEqual(back.told[0]?.missed, '0');
  assert.equal(back.counted.partial, 2);
});

test('Redis killed and restarted while users return: each gets all that he missed, or is told', async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const room = await openGuestRoom(t, stage, elsewhere());
  const missed = words('missed', 10);
  let whole = 0;
  const rounds = 8;
  for (let round = 0; round < rounds; round++) {
    const userId = `user-${round}`;
    const guest = await room.enter(userId, there());
    await room.heardUpTo('before', guest);
    const token = await stage.api.token(room.arn, userId);
    guest.socket.destroy();
    await room.say(...missed);
    const base = await counted();
    const first = connectRaw(`${elsewhere().url}/${status.query}`, token).catch(() => undefined);
    // An instant of its way in.
    await delay(random.below(12));
    await stage.redis.kill();
    await stage.redis.restart();
    // Whoever was refused meanwhile comes again, with a new token.
    const again = (await first) ?? (await eventually(() => room.enter(userId, elsewhere(), status), 30_000));
    t.after(again.socket.destroy);
    const heard = await eventually(() => room.heardUpTo('live', again), 30_000);
    const contents = contentsOf(heard).filter((content) => content.startsWith('missed'));
    const told = heard.find(({ EventName }) => EventName === 'roomstream:RECOVERY')?.Attributes as
      | Told
      | undefined;
    const now = await counted();
    if (told?.recovered === 'true') {
      assert.deepEqual(contents.slice(-missed.length), missed);
      assert.ok(now.recovered > base.recovered);
      whole++;
    } else {
      assert.equal(told?.recovered, 'false', `round ${round}: nothing was told; ${contents}`);
      assert.ok(now.partial > base.partial);
    }
    again.socket.destroy();
  }
  t.diagnostic(`${whole} of ${rounds} got everything`);
});
