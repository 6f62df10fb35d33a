import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { capabilities } from '@roomstream/protocol/capabilities';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { readTrustedProxies } from '@roomstream/runtime/trusted-proxies';
import { eventually } from '@roomstream/testing/eventually';
import type { ChatToken } from '@roomstream/token/token';
import { TokenClaims } from '@roomstream/token/token-claims';
import { openFanout } from '../src/fanout.ts';
import { admit } from '../src/handshake.ts';
import { Outgoing } from '../src/outgoing.ts';
import { LocalRooms } from '../src/rooms.ts';
import type { Session } from '../src/session.ts';
import type { Handshake } from '../src/transport.ts';
import { account, openStage, type Stage } from './stage.ts';

let stage: Stage;

before(async () => {
  stage = await openStage();
});
after(() => stage.close());

/** A handshake on its way into a room, held up at the connection quota until `goOn`; everything but wire and quota is real. */
async function entering(room: string, userId: string) {
  const closed: { session: Session; code: number }[] = [];
  const heard: string[] = [];
  const follower = stage.bus.follow({
    onEntry: (entry, ageMs) => {
      fanout.onEntry(entry, ageMs);
      heard.push(entry.body.toString());
    },
    onGap: () => assert.fail('a gap'),
  });
  const rooms = new LocalRooms(stage.store.rooms, follower, () => 0);
  const end = (session: Session, code: number) => void closed.push({ session, code });
  const fanout = openFanout({
    rooms,
    replySessions: { find: () => undefined },
    recovery: { onFrame: () => undefined, onProbe: () => undefined, onGap: () => undefined },
    outgoing: new Outgoing({
      transport: { publish: () => undefined },
      metrics: { collected: () => undefined, written: () => undefined },
      mostCollectingMs: 0,
      nowMs: () => performance.now(),
    }),
    transport: {
      send: () => undefined,
      end: (session, code) => end(session as Session, code),
    },
    metrics: { delivered: () => undefined, error: () => undefined, gap: () => undefined },
    log: openLog('test', 'silent'),
  });
  let goOn: () => void = () => undefined;
  const quota = new Promise<boolean>((resolve) => {
    goOn = () => resolve(true);
  });
  let waits = false;
  const slots = {
    acquire: () => {
      waits = true;
      return quota;
    },
    release: () => undefined,
    force: () => undefined,
  };
  const token: ChatToken = {
    id: newId(),
    account,
    room,
    userId,
    attributes: {},
    capabilities,
    tokenExpiresMs: stage.bus.clock.nowMs() + 60_000,
    sessionExpiresMs: stage.bus.clock.nowMs() + 60_000,
  };
  const handshake: Handshake = {
    protocol: 'token',
    query: '',
    forwardedFor: '',
    peer: '127.0.0.1',
    isGone: false,
    accept: () => true,
    refuse: (status) => assert.fail(`refused with ${status}`),
  };
  const parts = {
    tokens: { open: () => token },
    claims: new TokenClaims(stage.bus.commands),
    bus: stage.bus,
    rooms,
    slots,
    recovery: {
      isOn: () => false,
      isConnected: async () => false,
      announce: () => assert.fail('users are not remembered'),
      withdraw: () => assert.fail('users are not remembered'),
      arrive: () => assert.fail('users are not remembered'),
    },
    proxies: readTrustedProxies(''),
    end,
    listen: () => undefined,
    handIn: async () => undefined,
    mostHistory: 0,
  };
  const outcome = admit(parts, handshake, performance.now() + 30_000);
  await eventually(() => waits);
  return { closed, heard, outcome, goOn, close: () => follower.close() };
}

test('DISCONNECT_USER closes also a connection of the user that is entering the room at that moment, and no other', async () => {
  const room = await stage.room();
  const bob = await entering(room, 'bob');
  const ann = await entering(room, 'ann');
  const disconnect = { kind: 'disconnect', account, room, id: newId(), body: 'bob' } as const;
  assert.equal((await stage.bus.publish([disconnect])).kind, 'published');
  for (const { heard } of [bob, ann]) await eventually(() => heard.includes('bob'));
  const again = await entering(room, 'bob');
  for (const { goOn, outcome, close } of [bob, ann, again]) {
    goOn();
    assert.equal(await outcome, 'admitted');
    await close();
  }
  assert.deepEqual(
    bob.closed.map(({ session, code }) => [session.userId, code]),
    [['bob', 1000]],
  );
  assert.deepEqual([...ann.closed, ...again.closed], []);
});
