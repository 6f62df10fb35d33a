import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { assertRecovered, contentsOf, guestQuotas, openGuestRoom, words } from '../src/guests.ts';
import { runStorm } from '../src/seam-storm.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { opcode } from '../src/web-socket-frames.ts';

let stage: Stage;
/** Where guests are at first, and where they return to. */
const there = () => stage.gateway(0);
const elsewhere = () => stage.gateway(1);

before(async () => {
  stage = await openStage({
    gateways: 2,
    accountQuotas: guestQuotas,
    // Few shards: the rooms of a test share their streams.
    env: { ROOMSTREAM_SHARDS: '2', ROOMSTREAM_RECOVERY_WINDOW_SECONDS: '120' },
    gatewayEnv: {
      ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '0',
      ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '0',
      // A thousand users need a while to return to a busy machine.
      ROOMSTREAM_RECOVERY_MOST_FRAMES: '10000',
      ROOMSTREAM_RECOVERY_MOST_BYTES: '16777216',
    },
  });
});
after(() => stage?.close());

test('1,000 users who return while their rooms say 500 messages a second see no gap, no double and no change of order between what they missed and what is live', async (t) => {
  const seams = await runStorm(stage, { rooms: 5, users: 1_000, roomRate: 100, atOnce: 40 });
  t.diagnostic(`${seams.frames} frames in ${seams.seconds.toFixed(1)} s`);
});

describe('who returns', { concurrency: true }, () => {
  test('gets nothing from before the last ping that was answered, and all that came after it', async (t) => {
    const room = await openGuestRoom(t, stage, elsewhere());
    let [pings, pongs] = [0, 0];
    const ann = await room.enter('ann', there(), {
      onPing: () => {
        pings++;
        return true;
      },
      onPong: () => pongs++,
    });
    const [last] = (await room.say(...words('had', 5))).slice(-1);
    await ann.received((frame) => frame.Id === last);
    const seen = pings;
    await eventually(() => pings > seen, 60_000);
    // TCP keeps the order: when this is answered, the pong has arrived.
    ann.socket.send(opcode.ping, Buffer.from('?'));
    await eventually(() => pongs > 0);
    const [next] = (await room.say(...words('perhaps', 3))).slice(-1);
    await ann.received((frame) => frame.Id === next);
    ann.socket.destroy();
    await room.say(...words('missed', 3));
    const again = await room.enter('ann', elsewhere());
    const heard = await room.heardUpTo('live', again);
    assert.deepEqual(contentsOf(heard), [...words('perhaps', 3), ...words('missed', 3), 'live']);
  });

  test('gets nothing after a close frame of his own, but all of it after an ERROR 401', async (t) => {
    const room = await openGuestRoom(t, stage, elsewhere());
    const draining = await stage.fleet.addGateway();
    const ann = await room.enter('ann', there());
    const bob = await room.enter('bob', draining);
    await room.heardUpTo('before', bob);
    await room.heardUpTo('before too', ann);
    const drained = draining.kill('SIGTERM');
    const error = await bob.received((frame) => frame.Type === 'ERROR');
    assert.equal(error.ErrorCode, 401);
    // Stock clients answer ERROR 401 with a close frame, and return.
    await Promise.all([ann.socket.close(1000), bob.socket.close(1000), drained]);
    await room.say(...words('missed', 3));
    const annAgain = await room.enter('ann', elsewhere());
    const bobAgain = await room.enter('bob', elsewhere());
    assertRecovered(await room.heardUpTo('live', annAgain), ['live']);
    const before = ['before', 'before too'];
    assertRecovered(
      await room.heardUpTo('live too', bobAgain),
      [...words('missed', 3), 'live', 'live too'],
      before,
    );
  });

  test('gets nothing after a close frame of his own, however soon he is back', async (t) => {
    const room = await openGuestRoom(t, stage, elsewhere());
    const ann = await room.enter('ann', there());
    await room.heardUpTo('before', ann);
    // His gateway has nobody in the room any more, and will not hear what it is asked.
    const [again] = await Promise.all([room.enter('ann', elsewhere()), ann.socket.close(1000)]);
    const heard = contentsOf(await room.heardUpTo('live', again));
    assert.deepEqual(heard, ['live']);
  });

  test('gets what he missed himself: no other user’s, no other room’s, and in another room nothing', async (t) => {
    const rooms = await Promise.all(Array.from({ length: 4 }, () => openGuestRoom(t, stage, elsewhere())));
    const [room, other] = rooms;
    assert.ok(room !== undefined && other !== undefined);
    const ann = await room.enter('ann', there());
    ann.socket.destroy();
    for (const one of rooms) await one.say(...words('missed', 3));
    const bob = await room.enter('bob', elsewhere());
    const annElsewhere = await other.enter('ann', there());
    assertRecovered(await room.heardUpTo('live', bob), ['live']);
    assertRecovered(await other.heardUpTo('live', annElsewhere), ['live']);
    const again = await room.enter('ann', elsewhere());
    const heard = await room.heardUpTo('live again', again);
    assertRecovered(heard, [...words('missed', 3), 'live', 'live again']);
    const truth = room.speaker.frames().map(({ Id }) => Id);
    assert.ok(heard.every(({ Id }) => truth.includes(Id)));
  });

  test('gets nothing from before a DISCONNECT_USER, whether he was there or away', async (t) => {
    const room = await openGuestRoom(t, stage, elsewhere());
    const away = await room.enter('away', there());
    const present = await room.enter('present', there());
    away.socket.destroy();
    await room.say(...words('before', 3));
    for (const userId of ['away', 'present']) {
      await stage.api.client.disconnectUser({ roomIdentifier: room.arn, userId });
    }
    assert.equal((await present.socket.ended).code, 1000);
    await room.say('meanwhile');
    for (const userId of ['away', 'present']) {
      const again = await room.enter(userId, elsewhere());
      const heard = await room.heardUpTo(`live ${userId}`, again);
      assertRecovered(heard, [`live ${userId}`]);
      assert.deepEqual(
        heard.filter(({ Type }) => Type === 'EVENT'),
        [],
      );
      // He is in good standing again: what he misses from now on he gets.
      again.socket.destroy();
      await room.say('missed');
      const third = await room.enter(userId, there());
      assertRecovered(
        await room.heardUpTo('live again', third),
        ['missed', 'live again'],
        [`live ${userId}`],
      );
      third.socket.destroy();
    }
  });

  for (const [where, gateway] of [
    ['the same gateway', there],
    ['another gateway', elsewhere],
  ] as const) {
    test(`to ${where} while his old connection is half-open soon gets what that has not brought`, async (t) => {
      const room = await openGuestRoom(t, stage, elsewhere());
      const ann = await room.enter('ann', there());
      await room.heardUpTo('perhaps', ann);
      // It reads nothing and answers nothing, as one whose network is gone.
      ann.socket.pause();
      await room.say(...words('missed', 3));
      const begunMs = performance.now();
      const again = await room.enter('ann', gateway());
      await again.received(({ Content }) => Content === 'missed2');
      const tookMs = performance.now() - begunMs;
      t.diagnostic(`recovered after ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < 10_000, `${tookMs} ms`);
      assertRecovered(await room.heardUpTo('live', again), [...words('missed', 3), 'live'], ['perhaps']);
    });

    test(`to ${where} while his old connection is alive gets what is said meanwhile, and nothing from before`, async (t) => {
      const room = await openGuestRoom(t, stage, elsewhere());
      const ann = await room.enter('ann', there());
      await room.say(...words('before', 3));
      await room.heardUpTo('last', ann);
      let isOpen = false;
      const opening = room.enter('ann', gateway()).finally(() => {
        isOpen = true;
      });
      for (let n = 0; !isOpen; n++) await room.say(`meanwhile${n}`);
      const again = await opening;
      const heard = contentsOf(await room.heardUpTo('live', again));
      const said = contentsOf(room.speaker.frames());
      assert.deepEqual(heard, said.slice(-heard.length));
      assert.ok(!heard.some((content) => content.startsWith('before')), `${heard}`);
    });
  }

  test('with two connections that were lost with their gateway gets on both what he missed', async (t) => {
    const room = await openGuestRoom(t, stage, elsewhere());
    const doomed = await stage.fleet.addGateway();
    const tabs = await Promise.all([room.enter('ann', doomed), room.enter('ann', doomed)]);
    for (const tab of tabs) await room.heardUpTo('perhaps', tab);
    // The second may be a refresh of the first, whose client forgets for a second what it knows: nothing of that comes again.
    await delay(1_100);
    await doomed.kill('SIGKILL');
    await room.say(...words('missed', 3));
    const [one, two] = await Promise.all([room.enter('ann', there()), room.enter('ann', elsewhere())]);
    for (const again of [one, two]) {
      const heard = contentsOf(await room.heardUpTo('live', again));
      const truth = contentsOf(room.speaker.frames());
      assert.deepEqual(heard, truth.slice(-heard.length));
      assert.ok(heard.includes('missed0'), `${heard}`);
    }
  });

  test('gets deletions, and not the messages that were deleted', async (t) => {
    const room = await openGuestRoom(t, stage, elsewhere());
    const ann = await room.enter('ann', there());
    const [had] = await room.say('had');
    await ann.received(({ Id }) => Id === had);
    ann.socket.destroy();
    const [, deleted] = await room.say('a', 'b', 'c');
    for (const id of [deleted, had]) {
      await stage.api.client.deleteMessage({ roomIdentifier: room.arn, id: id ?? '' });
    }
    const again = await room.enter('ann', elsewhere());
    const heard = await room.heardUpTo('live', again);
    const recovered = heard.filter(({ Content }) => Content !== 'had');
    assert.deepEqual(
      recovered.map(({ Content, Attributes }) => Content ?? Attributes?.['MessageID']),
      ['a', 'c', deleted, had, 'live'],
    );
  });

  test('gets nothing where the window is 0', async (t) => {
    const off = await stage.fleet.addGateway({ ROOMSTREAM_RECOVERY_WINDOW_SECONDS: '0' });
    const room = await openGuestRoom(t, stage, elsewhere());
    const ann = await room.enter('ann', off);
    await room.heardUpTo('before', ann);
    ann.socket.destroy();
    await room.say('missed');
    const again = await room.enter('ann', off);
    assertRecovered(await room.heardUpTo('live', again), ['live']);
  });
});
