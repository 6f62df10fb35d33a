import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientAddress, readTrustedProxies } from './trusted-proxies.ts';

const proxies = readTrustedProxies('10.0.0.0/8, 192.168.1.7, fd00::/8');

const cases = [
  { name: 'without a header, the peer is the client', peer: '10.1.1.1', header: '', client: '10.1.1.1' },
  { name: 'the header of a stranger is not believed', peer: '8.8.8.8', header: '1.2.3.4', client: '8.8.8.8' },
  { name: 'a trusted proxy names the client', peer: '10.1.1.1', header: '1.2.3.4', client: '1.2.3.4' },
  {
    name: 'what the client wrote itself is ignored',
    peer: '10.1.1.1',
    header: '9.9.9.9, 1.2.3.4',
    client: '1.2.3.4',
  },
  {
    name: 'a chain of trusted proxies is followed',
    peer: '10.1.1.1',
    header: '1.2.3.4, 192.168.1.7, 10.3.3.3',
    client: '1.2.3.4',
  },
  {
    name: 'when all are trusted the first counts',
    peer: '10.1.1.1',
    header: '10.4.4.4,10.3.3.3',
    client: '10.4.4.4',
  },
  {
    name: 'rubbish ends the walk',
    peer: '10.1.1.1',
    header: '1.2.3.4, unknown, 10.3.3.3',
    client: '10.3.3.3',
  },
  {
    name: 'ports and brackets are left out',
    peer: 'fd00::1',
    header: '[2001:db8::5]:443',
    client: '2001:db8::5',
  },
  { name: 'IPv4 in IPv6 is IPv4', peer: '10.1.1.1', header: '::ffff:1.2.3.4', client: '1.2.3.4' },
];

for (const { name, peer, header, client } of cases) {
  test(`client address: ${name}`, () => assert.equal(clientAddress(peer, header, proxies), client));
}

test('trusted proxies: ranges that are none are refused by name', () => {
  for (const text of ['10.0.0.0/33', 'proxy', '10.0.0.1/', '10.0.0.1/8/8']) {
    assert.throws(() => readTrustedProxies(text), { message: new RegExp(text.replaceAll('.', '\\.')) });
  }
});

test('trusted proxies: addresses within a range, also as a socket of both families shows them, and no others', () => {
  for (const address of ['10.1.2.3', '192.168.1.7', '::ffff:10.1.2.3', 'fd12::1']) {
    assert.ok(proxies.trusts(address), address);
  }
  for (const address of ['11.0.0.1', '192.168.1.8', '::ffff:11.0.0.1', 'fe80::1', '', 'x']) {
    assert.ok(!proxies.trusts(address), address);
  }
});
