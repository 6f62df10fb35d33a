import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPath } from './canonical-path.ts';

const table: [string, string | undefined][] = [
  ['/CreateRoom', '/CreateRoom'],
  ['/tags/arn%3Aaws%3Ax%2Fy', '/tags/arn%253Aaws%253Ax%252Fy'],
  ['/tags/arn:aws:x/y', '/tags/arn%3Aaws%3Ax/y'],
  ['/tags/%2e%2e/a', '/tags/%252e%252e/a'],
  ['', '/'],
  ['/', '/'],
  ['//', '/'],
  ['/..', '/'],
  ['/a/', '/a/'],
  ['//a/./b/../c//', '/a/c/'],
  ['/é', '/%E9'],
  ["/~-._!'()*", '/~-._%21%27%28%29%2A'],
  ['/漢', undefined],
];

for (const [path, expected] of table) {
  test(`the canonical URI of ${JSON.stringify(path)} is ${JSON.stringify(expected)}`, () => {
    assert.equal(canonicalPath(path), expected);
  });
}
