import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, versionIn } from './redis-program.ts';

test('the version is read from what redis-server and valkey-server print', () => {
  assert.equal(versionIn('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'), '7.0.15');
  assert.equal(versionIn('Valkey server v=8.1.4 sha=00000000:0 malloc=libc bits=64'), '8.1.4');
  assert.equal(versionIn('something else'), undefined);
});

test('the first server that is new enough is taken', () => {
  const old = { command: 'redis-server', version: '6.2.7' };
  const fresh = { command: 'valkey-server', version: '8.0.1' };
  assert.deepEqual(judge([old, fresh]), { kind: 'found', ...fresh });
});

test('an old or a missing server gives one line that says what to do', () => {
  const old = judge([{ command: 'redis-server', version: '6.0.16' }]);
  const missing = judge([]);
  assert.ok(old.kind === 'missing' && missing.kind === 'missing');
  assert.match(old.advice, /^redis-server is version 6\.0\.16 and Roomstream needs 7 or later: [^\n]+$/);
  assert.match(missing.advice, /^redis-server is not installed\. Type: [^\n]+$/);
});
