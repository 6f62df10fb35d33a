import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, type StreamState } from './judge.ts';

const at = (ms: number) => ({ ms, seq: 0 });
const standing = { position: at(50), added: 20 };
const state: StreamState = {
  last: at(90),
  added: 25,
  length: 10,
  first: at(10),
  isThere: true,
  lastIdentity: '',
};

const table: [string, Partial<StreamState>, ReturnType<typeof judge>][] = [
  ['a position whose entry is there is sound', {}, 'sound'],
  ['the end of the stream is sound', { last: at(50), added: 20 }, 'sound'],
  ['another entry at the position is a lost end', { isThere: false }, 'ids-went-back'],
  ['a stream that ends before the position has lost its end', { last: at(49) }, 'ids-went-back'],
  ['a stream to which less was added is another one', { added: 19, first: at(60) }, 'ids-went-back'],
  [
    'a trimmed position is sound when all that came after it is there',
    { first: at(60), isThere: false, length: 5 },
    'sound',
  ],
  [
    'a position behind which something was trimmed is lost',
    { first: at(60), isThere: false, length: 4 },
    'trimmed',
  ],
  [
    'a stream that has more behind the position than was added since is another one',
    { first: at(60), isThere: false, length: 6 },
    'ids-went-back',
  ],
  [
    'an emptied stream is lost when something was added',
    { first: undefined, isThere: false, length: 0 },
    'trimmed',
  ],
  [
    'an emptied stream is sound when nothing was added',
    { first: undefined, isThere: false, length: 0, added: 20, last: at(50) },
    'sound',
  ],
];

for (const [claim, change, verdict] of table) {
  test(claim, () => assert.equal(judge(standing, { ...state, ...change }), verdict));
}
