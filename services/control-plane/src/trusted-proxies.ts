import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { list } from '@roomstream/runtime/setting-kinds';
import type { Setting } from '@roomstream/runtime/settings';

/** Addresses of proxies whose headers are believed. */
export type TrustedProxies = { has(address: string): boolean };

/** A setting of addresses and CIDRs. */
export function proxyList(common: { env: string; fallback: string; about: string }): Setting<TrustedProxies> {
  const texts = list(common);
  return { ...texts, read: (value) => trustedProxies(texts.read(value)) };
}

/** Reads addresses and CIDRs; throws an Error that names the one that is neither. */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const known = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix, ...rest] = range.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix);
    if (
      version === 0 ||
      rest.length > 0 ||
      prefix === '' ||
      !Number.isInteger(bits) ||
      bits < 0 ||
      bits > (version === 6 ? 128 : 32)
    ) {
      throw new Error(`has ${JSON.stringify(range)}, which is neither an address nor a CIDR`);
    }
    known.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    has: (address) => {
      // A socket that listens on both families shows IPv4 peers as ::ffff:a.b.c.d.
      const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
      return known.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/**
 * Whether the caller reached us over TLS: directly, or as a trusted proxy says. Of several values the last counts: the
 * nearest proxy wrote it, the others may be the caller's own.
 */
export function isOverTls(request: IncomingMessage, hasTls: boolean, proxies: TrustedProxies): boolean {
  if (hasTls) return true;
  if (!proxies.has(request.socket.remoteAddress ?? '')) return false;
  const [forwarded = ''] = request.headersDistinct['x-forwarded-proto']?.slice(-1) ?? [];
  return forwarded.split(',').at(-1)?.trim().toLowerCase() === 'https';
}
