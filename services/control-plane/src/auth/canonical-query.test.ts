import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalQuery } from './canonical-query.ts';

const table: [string, string | undefined][] = [
  ['', ''],
  ['a', 'a='],
  ['a=', 'a='],
  ['tagKeys=b&tagKeys=a', 'tagKeys=a&tagKeys=b'],
  ['a-b=1&a=2', 'a=2&a-b=1'],
  ['b=1&B=1&_=1', 'B=1&_=1&b=1'],
  ['a=b=c', 'a=b%3Dc'],
  ['a=x+y', 'a=x%2By'],
  ['a=%7e%2b%c3%a9', 'a=~%2B%C3%A9'],
  ['a=%', undefined],
  ['a=%g0', undefined],
  ['a=漢', undefined],
];

for (const [query, expected] of table) {
  test(`the canonical form of the query ${JSON.stringify(query)} is ${JSON.stringify(expected)}`, () => {
    assert.equal(canonicalQuery(query), expected);
  });
}
