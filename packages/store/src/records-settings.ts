import { parseRedisUrl, type RedisAccess, type RedisAddress } from '@roomstream/runtime/redis';
import type { Setting, SettingsTable } from '@roomstream/runtime/settings';

/** Settings of the Redis that keeps records, beside those of the one that keeps streams. */
export const recordsSettings = {
  recordsRedisUrl: {
    env: 'ROOMSTREAM_RECORDS_REDIS_URL',
    fallback: '',
    secret: true,
    about:
      'Redis for records, API rates, quotas and connection slots, written as `REDIS_URL`; the same as that one when empty.',
    read: (text) => (text === '' ? undefined : parseRedisUrl(text)),
  } as Setting<RedisAddress | undefined>,
} satisfies SettingsTable;

/** How to reach the Redis that keeps records. The certificate authority and Sentinel password are those of the other. */
export function recordsAccess(
  settings: RedisAccess & { readonly recordsRedisUrl: RedisAddress | undefined },
): RedisAccess {
  const { redisCaFile, redisSentinelPassword } = settings;
  return { redisUrl: settings.recordsRedisUrl ?? settings.redisUrl, redisCaFile, redisSentinelPassword };
}
