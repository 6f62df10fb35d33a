import type { IncomingMessage } from 'node:http';
import { clientAddress, type TrustedProxies } from '@roomstream/runtime/trusted-proxies';

/** The caller's address: the peer's, or what trusted proxies say; undefined when the peer has gone. */
export function callerAddress(request: IncomingMessage, proxies: TrustedProxies): string | undefined {
  const peer = request.socket.remoteAddress;
  const forwarded = request.headersDistinct['x-forwarded-for']?.join(',') ?? '';
  return peer === undefined ? undefined : clientAddress(peer, forwarded, proxies);
}

/**
 * Whether the caller reached us over TLS: directly, or as a trusted proxy says. Of several values the last counts: the
 * nearest proxy wrote it, the others may be the caller's own.
 */
export function isOverTls(request: IncomingMessage, hasTls: boolean, proxies: TrustedProxies): boolean {
  if (hasTls) return true;
  if (!proxies.trusts(request.socket.remoteAddress ?? '')) return false;
  const [forwarded = ''] = request.headersDistinct['x-forwarded-proto']?.slice(-1) ?? [];
  return forwarded.split(',').at(-1)?.trim().toLowerCase() === 'https';
}
