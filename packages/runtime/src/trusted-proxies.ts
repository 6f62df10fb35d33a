import { BlockList, isIP } from 'node:net';
import type { Setting } from './settings.ts';

/** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
export type TrustedProxies = { readonly trusts: (address: string) => boolean };

/** Reads a comma-separated list of addresses and CIDR ranges; throws an Error that names a wrong one. */
export function readTrustedProxies(text: string): TrustedProxies {
  const ranges = new BlockList();
  if (text.trim() === '') return { trusts: () => false };
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue;
    const [address = '', bits, ...rest] = item.split('/');
    const version = isIP(address);
    const mostBits = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? mostBits : Number(bits);
    if (version === 0 || rest.length > 0 || !/^[0-9]+$/.test(bits ?? '0') || prefix > mostBits) {
      throw new Error(`has ${JSON.stringify(item)}, which is neither an address nor a CIDR range`);
    }
    ranges.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return {
    trusts: (address) => {
      // A socket that listens on both families shows IPv4 peers as ::ffff:a.b.c.d.
      const plain = plainAddress(address);
      return plain !== undefined && ranges.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** The setting that names them. */
export const trustedProxies: Setting<TrustedProxies> = {
  env: 'ROOMSTREAM_TRUSTED_PROXIES',
  fallback: '',
  about:
    'Addresses and CIDR ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.',
  read: readTrustedProxies,
};

/**
 * The client's address: the peer's, or behind trusted proxies the last address of X-Forwarded-For that isn't one of
 * them. What stands further left was written by the client and proves nothing.
 */
export function clientAddress(peer: string, forwardedFor: string, proxies: TrustedProxies): string {
  if (forwardedFor === '' || !proxies.trusts(peer)) return peer;
  let address = peer;
  for (const hop of forwardedFor.split(',').reverse()) {
    const next = plainAddress(hop.trim());
    if (next === undefined) return address;
    address = next;
    if (!proxies.trusts(address)) return address;
  }
  return address;
}

/** An address without port and brackets, IPv4 in its own form; undefined when it isn't one. */
function plainAddress(text: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(bare)?.[1] ?? bare;
  return isIP(mapped) === 0 ? undefined : mapped;
}
