import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyOne, anyRun, compileGlob } from './glob.ts';

function glob(text: string) {
  return compileGlob(Array.from(text, (one) => (one === '*' ? anyRun : one === '?' ? anyOne : one)));
}

const table: [string, string, boolean][] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['room/*', 'room/', true],
  ['room/*', 'room', false],
  ['room/?', 'room/a', true],
  ['room/?', 'room/', false],
  ['?', '🎉', true],
  ['*b', 'aabab', true],
  ['*b', 'aaba', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['**?', 'a', true],
  ['**?', '', false],
  ['a.c', 'abc', false],
];

for (const [pattern, text, expected] of table) {
  test(`${JSON.stringify(pattern)} ${expected ? 'matches' : "doesn't match"} ${JSON.stringify(text)}`, () => {
    assert.equal(glob(pattern)(text), expected);
  });
}

test('a pattern of many stars against a long text that almost matches takes no longer than their product', () => {
  const start = process.cpuUsage();
  assert.equal(glob(`${'*a'.repeat(30)}*b`)('a'.repeat(10_000)), false);
  assert.ok(process.cpuUsage(start).user < 2_000_000);
});
