import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from '@roomstream/protocol/capabilities';
import { type LocalRoom, Session } from './session.ts';

const room = {} as LocalRoom;
const token = {
  id: 'TTTTTTTTTTTT',
  account: '000000000000',
  room: 'AAAAAAAAAAAA',
  userId: 'ann "the" <first>',
  attributes: { mood: 'fine' },
  tokenExpiresMs: 1,
  sessionExpiresMs: 2,
};

test('a session has exactly the capabilities of its token', () => {
  for (const held of [[], ...capabilities.map((one) => [one]), capabilities]) {
    const session = new Session(1, { ...token, capabilities: held }, room, '');
    assert.deepEqual(
      capabilities.filter((one) => session.hasCapability(one)),
      held,
    );
  }
});

test('the sender is encoded once, and is the JSON of user and attributes', () => {
  const session = new Session(1, { ...token, capabilities: [] }, room, '');
  const sender = session.sender();
  assert.deepEqual(JSON.parse(sender), { UserId: token.userId, Attributes: token.attributes });
  assert.equal(session.sender(), sender);
});
