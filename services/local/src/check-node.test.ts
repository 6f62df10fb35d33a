import assert from 'node:assert/strict';
import { test } from 'node:test';

type Check = {
  faultOf(version: string, platform: string, glibc: string | undefined): string | undefined;
};
// The script runs before anything is built, so it is plain JavaScript outside of this package's sources.
const { faultOf } = (await import(new URL('../../bin/check-node.mjs', import.meta.url).href)) as Check;

test('Node 20, 22 and 24 are accepted, other versions get one sentence', () => {
  for (const version of ['20.20.2', '22.12.0', '24.1.0'])
    assert.equal(faultOf(version, 'linux', '2.41'), undefined);
  for (const version of ['18.20.0', '21.0.0', '23.1.0', '26.0.0'])
    assert.match(
      faultOf(version, 'linux', '2.41') ?? '',
      /^Roomstream runs on Node 20, 22 or 24, and this is Node [^\n]+$/,
    );
});

test('Node 22 and 24 need glibc 2.38 on Linux, Node 20 does not', () => {
  assert.equal(faultOf('20.20.2', 'linux', '2.36'), undefined);
  assert.match(
    faultOf('22.12.0', 'linux', '2.36') ?? '',
    /needs glibc 2\.38 or later and this system has 2\.36/,
  );
  assert.match(faultOf('24.1.0', 'linux', '2.37') ?? '', /needs glibc 2\.38/);
  assert.equal(faultOf('22.12.0', 'linux', '2.38'), undefined);
  assert.equal(faultOf('24.1.0', 'linux', '3.0'), undefined);
  assert.equal(faultOf('22.12.0', 'darwin', undefined), undefined);
});

test('a Linux without glibc is told so', () => {
  assert.match(faultOf('20.20.2', 'linux', undefined) ?? '', /needs a Linux with glibc/);
});
