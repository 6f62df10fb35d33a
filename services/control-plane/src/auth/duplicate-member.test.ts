import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duplicateMember } from './duplicate-member.ts';

const table: [string, string | undefined][] = [
  ['{}', undefined],
  ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', undefined],
  ['{"a":"a","b":"a"}', undefined],
  ['{"a":["a","a",{"b":1}],"b":2}', undefined],
  ['{"a":"{\\"x\\":1,","b":"\\\\"}', undefined],
  ['{"a":1,"a":2}', 'a'],
  ['{"a":{"b":[]},"c":[{"x":true,"d":1,"d":2}]}', 'd'],
  ['{"a":{},"\\u0061":1}', 'a'],
];

for (const [json, expected] of table) {
  test(`${json} has ${expected === undefined ? 'no member' : JSON.stringify(expected)} twice`, () => {
    assert.equal(duplicateMember(json), expected);
  });
}
