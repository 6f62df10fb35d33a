import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplySessions } from './reply-sessions.ts';
import type { Session } from './session.ts';

const sessionOf = (socket: unknown) => ({ number: 7, socket }) as Session;

test('an answer finds the session of its gateway until that is forgotten', () => {
  const sessions = new ReplySessions('g1');
  const session = sessionOf({});
  const address = sessions.addressOf(session);
  assert.equal(sessions.find(address), session);
  assert.equal(sessions.find({ ...address, gateway: 'g2' }), undefined);
  sessions.forget(session);
  assert.equal(sessions.find(address), undefined);
});

test('a session that was closed while its message waited for a record is not kept', () => {
  const sessions = new ReplySessions('g1');
  const address = sessions.addressOf(sessionOf(undefined));
  assert.deepEqual(address, { gateway: 'g1', session: 7 });
  assert.equal(sessions.find(address), undefined);
});
