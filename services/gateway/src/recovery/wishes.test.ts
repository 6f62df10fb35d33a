import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWishes } from './wishes.ts';

test('a URL without parameters asks for nothing', () => {
  assert.deepEqual(readWishes('', 100), { history: 0, withEvents: false, wantsStatus: false });
});

test('history, events and recovery are read; what nobody knows is left alone', () => {
  assert.deepEqual(readWishes('history=50&events=on&recovery=status&utm=1', 100), {
    history: 50,
    withEvents: true,
    wantsStatus: true,
  });
});

for (const [query, complaint] of [
  ['history=101', 'history is "101", it must be a whole number from 0 to 100'],
  ['history=-1', 'history is "-1", it must be a whole number from 0 to 100'],
  ['history=', 'history is "", it must be a whole number from 0 to 100'],
  ['events=yes', 'events is "yes", it must be on or off'],
  ['recovery=1', 'recovery is "1", it must be status or off'],
  [`events=${'x'.repeat(50)}`, `events is "${'x'.repeat(40)}…", it must be on or off`],
] as const) {
  test(`${query.slice(0, 20)} is refused by name, value and bound`, () => {
    assert.equal(readWishes(query, 100), complaint);
  });
}
