import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { origin } from '@roomstream/bus/position';
import type { Standing } from '@roomstream/bus/standing';
import type { LocalRoom, Session } from '../session.ts';
import { Acknowledgements } from './acknowledgements.ts';

const at = (ms: number): Standing => ({ position: { ms, seq: 0 }, added: ms, identity: '' });

/** Connections whose pings the test sees, and whose clock it turns. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const pings: { session: Session; payload: Buffer }[] = [];
  const written: Session[] = [];
  let now = at(1);
  let clock = 0;
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock += 100;
      t.mock.timers.tick(100);
    }
  };
  const acknowledgements = new Acknowledgements({
    standingOf: () => now,
    between: (_, step) => step(),
    ping: (session, payload) => pings.push({ session, payload: Buffer.from(payload) }),
    write: (session) => written.push(session),
    isOn: () => true,
    nowMs: () => clock,
  });
  t.after(() => acknowledgements.close());
  const room = { id: 'room', account: '', shard: 3, lastFrame: origin, frames: 0 } as LocalRoom;
  const connect = (): Session => {
    const session = {
      room,
      certain: now,
      pingedAtMs: performance.now(),
      pingedAtFrame: 0,
      isListening: true,
    } as Session;
    acknowledgements.opened(session);
    return session;
  };
  /** The room says something, which takes the reader to `ms`. */
  const say = (ms: number) => {
    room.lastFrame = { ms, seq: 0 };
    room.frames++;
    now = at(ms);
  };
  const answer = (n: number) => {
    const ping = pings[n];
    assert.ok(ping !== undefined);
    acknowledgements.ponged(ping.session, ping.payload);
  };
  return {
    acknowledgements,
    pings,
    written,
    connect,
    say,
    answer,
    quiet: (ms: number) => (now = at(ms)),
    pass,
  };
}

test('a silent room costs no pings, and its connections have everything', (t) => {
  const { acknowledgements, pings, connect, quiet, pass } = open(t);
  const session = connect();
  quiet(50);
  pass(20_000);
  assert.equal(pings.length, 0);
  assert.deepEqual(acknowledgements.certainOf(session), at(50));
  assert.deepEqual(acknowledgements.places(), new Map([[3, at(50)]]));
});

test('a connection has what was sent before the ping that it has answered, and no more', (t) => {
  const { acknowledgements, pings, connect, say, answer, pass } = open(t);
  const session = connect();
  say(5);
  pass(10_100);
  assert.equal(pings.length, 1);
  assert.deepEqual(acknowledgements.certainOf(session), at(1));
  assert.deepEqual(acknowledgements.places(), new Map([[3, at(1)]]));
  say(8);
  answer(0);
  assert.deepEqual(acknowledgements.certainOf(session), at(5));
  pass(10_100);
  answer(1);
  assert.deepEqual(acknowledgements.certainOf(session), at(8));
});

test('all connections are looked at once in a cycle, spread over it', (t) => {
  const { pings, connect, say, pass } = open(t);
  for (let n = 0; n < 200; n++) connect();
  say(5);
  pass(5_000);
  assert.ok(pings.length > 60 && pings.length < 140, `${pings.length}`);
  pass(5_100);
  assert.equal(new Set(pings.map(({ session }) => session)).size, 200);
});

test('a connection that doesn’t answer for a cycle says itself where it stands, and doesn’t hold the others’ place back', (t) => {
  const { acknowledgements, pings, written, connect, say, answer, pass } = open(t);
  const silent = connect();
  const other = connect();
  say(5);
  pass(10_100);
  answer(pings.findIndex(({ session }) => session === other));
  assert.deepEqual(acknowledgements.places(), new Map([[3, at(1)]]));
  pass(10_100);
  assert.deepEqual(written, [silent]);
  assert.deepEqual(acknowledgements.places(), new Map([[3, at(5)]]));
  answer(pings.findIndex(({ session }) => session === silent));
  assert.equal(silent.isSilent, false);
  assert.deepEqual(written, [silent, silent]);
});

test('a proof needs the pong of its own ping, a clean end, or fails after its time', async (t) => {
  const { acknowledgements, connect, say, answer, pass } = open(t);
  const session = connect();
  say(5);
  const proven = acknowledgements.prove(session, 1_000);
  const again = acknowledgements.prove(session, 1_000);
  answer(0);
  assert.equal(await proven, true);
  answer(1);
  assert.equal(await again, true);
  const late = acknowledgements.prove(session, 1_000);
  pass(1_000);
  assert.equal(await late, false);
  const closed = acknowledgements.prove(session, 1_000);
  acknowledgements.closed(session, true);
  assert.equal(await closed, true);
});

test('who is owed much is pinged sooner', (t) => {
  const { pings, connect, say, pass } = open(t);
  for (let n = 0; n < 20; n++) connect();
  for (let ms = 2; ms <= 102; ms++) say(ms);
  pass(2_100);
  assert.equal(pings.length, 20);
});

test('while a connection is handed what it is owed it is not pinged, and has what it came with', (t) => {
  const { acknowledgements, pings, connect, say, pass } = open(t);
  const session = connect();
  session.isListening = false;
  say(5);
  pass(10_100);
  assert.equal(pings.length, 0);
  assert.deepEqual(acknowledgements.certainOf(session), at(1));
  assert.deepEqual(acknowledgements.places(), new Map([[3, at(1)]]));
});

test('after a gap nobody has everything until he answers', (t) => {
  const { acknowledgements, connect, answer, pass, quiet } = open(t);
  const session = connect();
  quiet(9);
  acknowledgements.gap(session);
  assert.deepEqual(acknowledgements.certainOf(session), at(1));
  pass(10_100);
  answer(0);
  assert.deepEqual(acknowledgements.certainOf(session), at(9));
});

test('those that are gone are not pinged, and the others still are', (t) => {
  const { acknowledgements, pings, connect, say, pass } = open(t);
  const [first, second, third] = [connect(), connect(), connect()];
  acknowledgements.closed(first, false);
  say(5);
  pass(10_100);
  assert.deepEqual(new Set(pings.map(({ session }) => session)), new Set([second, third]));
});
