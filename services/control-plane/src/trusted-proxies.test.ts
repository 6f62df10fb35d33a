import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trustedProxies } from './trusted-proxies.ts';

test('addresses within a CIDR are trusted, others are not', () => {
  const proxies = trustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
  for (const address of ['10.1.2.3', '192.0.2.7', '::ffff:10.1.2.3', 'fd12::1']) {
    assert.ok(proxies.has(address), address);
  }
  for (const address of ['11.0.0.1', '192.0.2.8', '::ffff:11.0.0.1', 'fe80::1', '', 'x']) {
    assert.ok(!proxies.has(address), address);
  }
});

test('what is neither an address nor a CIDR is named', () => {
  for (const range of ['10.0.0.0/33', '10.0.0/8', 'proxy', '10.0.0.0/', '::/129', '10.0.0.0/8/9x']) {
    assert.throws(() => trustedProxies([range]), new RegExp(range.replaceAll('/', '\\/')));
  }
});
