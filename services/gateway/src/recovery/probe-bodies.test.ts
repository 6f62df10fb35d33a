import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decodeAnswer, decodeProbe, encodeAnswer, encodeProbe } from './probe-bodies.ts';

const asker = 'aaaaaaaaaaaa';

test('a probe survives the way, whatever the user is called', () => {
  const probe = { asker, number: 7, members: ['bbbbbbbbbbbb/1', 'cccccccccccc/22'], userId: 'ann b\n"ü=+' };
  assert.deepEqual(decodeProbe(Buffer.from(encodeProbe(probe))), probe);
});

test('an answer survives the way: alive, lost at a place, lost somewhere', () => {
  const certain = { position: { ms: 1_700_000_000_000, seq: 3 }, added: 12, identity: 'F000000000000' };
  const answer: Answer = {
    asker,
    number: 8,
    vitality: new Map([
      ['bbbbbbbbbbbb/1', { kind: 'alive' }],
      ['bbbbbbbbbbbb/5', { kind: 'ended' }],
      ['bbbbbbbbbbbb/4', { kind: 'pending' }],
      ['bbbbbbbbbbbb/2', { kind: 'lost', certain }],
      ['bbbbbbbbbbbb/3', { kind: 'lost', certain: undefined }],
    ]),
  };
  assert.deepEqual(decodeAnswer(Buffer.from(encodeAnswer(answer))), answer);
});

test('what is neither is nothing', () => {
  for (const text of ['', 'x', 'x y\nz', 'a 1']) assert.equal(decodeProbe(Buffer.from(text)), undefined);
  assert.equal(decodeAnswer(Buffer.from('a b')), undefined);
});
