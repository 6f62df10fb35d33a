import { createHmac } from 'node:crypto';
import type { AccessKey } from './access-key.ts';

/** The last part of every credential scope. */
export const terminator = 'aws4_request';

/**
 * The last derived key of each access key. One each is enough: the date of a request that gets here is today's (or,
 * within minutes of midnight, its neighbour), so callers can't grow this; and when the credentials file drops an access key its
 * entry goes with it.
 */
const derived = new WeakMap<AccessKey, { readonly scope: string; readonly key: Buffer }>();

/** The signing key for a date (`YYYYMMDD`), a region and a service. */
export function signingKey(accessKey: AccessKey, date: string, region: string, service: string): Buffer {
  const scope = `${date}/${region}/${service}`;
  const known = derived.get(accessKey);
  if (known !== undefined && known.scope === scope) return known.key;
  let key = hmac(`AWS4${accessKey.secretAccessKey}`, date);
  for (const part of [region, service, terminator]) key = hmac(key, part);
  derived.set(accessKey, { scope, key });
  return key;
}

/** HMAC-SHA256. */
export function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
