import { resolve } from 'node:path';
import { optionalFile, optionalText, text } from '@roomstream/runtime/setting-kinds';
import type { Setting, SettingsTable } from '@roomstream/runtime/settings';

/** Settings of `npm start` beside those of the services that it runs. */
export const localSettings = {
  folder: absolutePath({
    env: 'ROOMSTREAM_LOCAL_FOLDER',
    fallback: '.roomstream',
    about: 'Folder of the data: Redis’s files, the token keys, the credentials, the logs.',
  }),
  account: twelveDigits({
    env: 'ROOMSTREAM_LOCAL_ACCOUNT',
    fallback: '000000000000',
    about: 'Account of the one access key, 12 digits.',
  }),
  accessKeyId: text({
    env: 'ROOMSTREAM_LOCAL_ACCESS_KEY_ID',
    fallback: 'test',
    about: 'The access key, which may do everything in its account.',
  }),
  secretAccessKey: text({
    env: 'ROOMSTREAM_LOCAL_SECRET_ACCESS_KEY',
    fallback: 'test',
    about: 'Its secret. With `test` nothing but loopback is listened on.',
    secret: true,
  }),
  redisUrl: optionalText({
    env: 'REDIS_URL',
    about: 'Redis to use, written as above; when empty, a redis-server child with its data in the folder.',
    secret: true,
  }),
  credentialsFile: optionalFile({
    env: 'ROOMSTREAM_CREDENTIALS_FILE',
    about: 'Credentials file to use in place of the one access key.',
  }),
  kmsKeyId: optionalText({
    env: 'ROOMSTREAM_KMS_KEY_ID',
    about: 'KMS key to use in place of the key file in the folder.',
  }),
} satisfies SettingsTable;

/** The table with other defaults for some of its settings: what is right on a laptop rather than in a cluster. */
export function withFallbacks<T extends SettingsTable>(
  table: T,
  fallbacks: Readonly<Partial<Record<keyof T, string>>>,
): T {
  const entries = Object.entries(table).map(([name, setting]) => {
    const fallback = fallbacks[name];
    return [name, fallback === undefined ? setting : { ...setting, fallback }];
  });
  return Object.fromEntries(entries) as T;
}

function absolutePath(common: { env: string; about: string; fallback: string }): Setting<string> {
  return { ...common, read: (value) => resolve(value) };
}

function twelveDigits(common: { env: string; about: string; fallback: string }): Setting<string> {
  return {
    ...common,
    read: (value) => {
      if (!/^[0-9]{12}$/.test(value)) throw new Error(`must be 12 digits, got ${JSON.stringify(value)}`);
      return value;
    },
  };
}
