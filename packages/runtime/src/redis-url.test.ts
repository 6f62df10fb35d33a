import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRedisUrl } from './redis.ts';

test('a single server, with user, password, database and TLS', () => {
  const address = parseRedisUrl('rediss://chat:p%40ss@redis.example:6380/2');
  assert.equal(address.kind, 'single');
  assert.deepEqual(address.nodes, [{ host: 'redis.example', port: 6380 }]);
  assert.deepEqual(
    [address.username, address.password, address.db, address.hasTls],
    ['chat', 'p@ss', 2, true],
  );
});

test('a password alone, an IPv6 address, a default port', () => {
  assert.equal(parseRedisUrl('redis://:secret@h').password, 'secret');
  assert.equal(parseRedisUrl('redis://:secret@h').username, undefined);
  assert.deepEqual(parseRedisUrl('redis://[::1]').nodes, [{ host: '::1', port: 6379 }]);
});

test('a unix socket', () => {
  assert.equal(parseRedisUrl('unix:///run/redis.sock').path, '/run/redis.sock');
});

test('Sentinels and the name of their master', () => {
  const address = parseRedisUrl('redis-sentinel://a,b:26380/chat');
  assert.equal(address.kind, 'sentinel');
  assert.equal(address.masterName, 'chat');
  assert.deepEqual(address.nodes, [
    { host: 'a', port: 26379 },
    { host: 'b', port: 26380 },
  ]);
});

test('the nodes of a Cluster', () => {
  const address = parseRedisUrl('rediss-cluster://u:p@a:7000,b:7001');
  assert.deepEqual([address.kind, address.nodes.length, address.hasTls], ['cluster', 2, true]);
});

test('a wrong URL is refused in plain words, without the password', () => {
  for (const [url, message] of [
    ['http://x', /is not a Redis URL/],
    ['redis://:secret@a,b', /several servers/],
    ['redis-sentinel://:secret@a', /names no master/],
    ['redis://:secret@a/b', /database that is not a number/],
    ['redis://:secret@a:b', /else than host:port/],
    // Slips that make a part of the password look like a host or a database.
    ['redis://:secret', /else than host:port/],
    ['redis://user:secret/more@a', /password as %2F/],
    ['redis://user:1/secret@a', /password as %2F/],
  ] as const) {
    assert.throws(
      () => parseRedisUrl(url),
      (error: Error) => message.test(error.message) && !error.message.includes('secret'),
    );
  }
});
