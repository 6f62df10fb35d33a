import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { Connections } from './connections.ts';
import { Outgoing } from './outgoing.ts';
import { LocalRooms } from './rooms.ts';
import { Session } from './session.ts';

const account = '000000000000';
const token = {
  id: 'BBBBBBBBBBBB',
  account,
  room: 'AAAAAAAAAAAA',
  userId: 'ann',
  attributes: {},
  capabilities: [],
  tokenExpiresMs: 1,
  sessionExpiresMs: 1,
};

test('when the last connection of a busy room has closed nothing waits that the next one would get', async (t) => {
  const rooms = new LocalRooms(
    { get: async () => undefined },
    { join: () => undefined, leave: () => undefined },
    () => 0,
  );
  const done: string[] = [];
  const transport = {
    publish: (_topic: string, frame: Buffer) => void done.push(frame.toString()),
    subscribe: () => void done.push('listens'),
    send: () => undefined,
    drop: () => undefined,
  };
  const outgoing = new Outgoing({
    transport,
    metrics: { collected: () => undefined, written: () => undefined },
    mostCollectingMs: 10_000,
    nowMs: () => performance.now(),
  });
  const connections = new Connections({
    rooms,
    outgoing,
    slots: { release: () => undefined },
    recovery: { opened: () => undefined, closed: () => undefined, sentAway: () => undefined },
    transport,
    metrics: { sessionEnded: () => undefined, error: () => undefined },
    touch: async () => undefined,
    nowMs: () => 0,
    log: openLog('test', 'silent'),
  });
  t.after(() => connections.close());
  const enter = async () => {
    const session = new Session(1, token, await rooms.hold(account, token.room), '');
    connections.opened(session);
    connections.listen(session);
    return session;
  };
  const [ann, bob] = [await enter(), await enter()];
  for (const text of ['at once', 'waits', 'waits too']) outgoing.add(ann.room, Buffer.from(text), 0);
  assert.deepEqual(done, ['listens', 'listens', 'at once']);
  connections.closed(ann, 1006);
  assert.deepEqual(done, ['listens', 'listens', 'at once']);
  connections.closed(bob, 1006);
  const next = await enter();
  assert.deepEqual(done, ['listens', 'listens', 'at once', 'waits', 'waits too', 'listens']);
  connections.closed(next, 1006);
});
