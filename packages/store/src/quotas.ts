import type { Log } from '@roomstream/runtime/log';
import { oneOf, optionalFile } from '@roomstream/runtime/setting-kinds';
import type { Settings, SettingsTable } from '@roomstream/runtime/settings';
import { parseOverrides } from './quota-overrides.ts';
import { watchFile } from './watch-file.ts';

/** Every quota of an account with the default of IVS ("Service Quotas" in the guide). Rates are per second. */
export const quotaDefaults = {
  /** Concurrent connections. */
  connections: 50_000,
  rooms: 50_000,
  loggingConfigurations: 10,
  /** Messaging requests of one connection. */
  requestsPerConnectionPerSecond: 10,
  sendMessagePerSecond: 1000,
  /** Over both APIs. */
  deleteMessagePerSecond: 100,
  /** Over both APIs. */
  disconnectUserPerSecond: 100,
  sendEventPerSecond: 100,
  createChatTokenPerSecond: 200,
  /** Of each room operation. */
  roomOperationPerSecond: 5,
  /** Of each logging configuration operation. */
  loggingConfigurationOperationPerSecond: 3,
  /** Of each tag operation. */
  tagOperationPerSecond: 10,
  /** The largest `maximumMessageRatePerSecond` that a room may have. */
  roomMessagesPerSecond: 100,
  /** How long a chat token may be used to connect. */
  tokenLifeSeconds: 60,
  messageReviewTimeoutMs: 200,
};

/** Name of a quota. */
export type QuotaName = keyof typeof quotaDefaults;

/** What an account may use. Infinity: unlimited. */
export type AccountQuotas = Readonly<Record<QuotaName, number>> & {
  /** Blocked from using chat: changes through the API get PendingVerification, messaging requests ERROR 403. */
  readonly isPendingVerification?: boolean;
};

/** Quotas that are bounds of a value rather than of a use: never unlimited. */
export const finiteQuotas: readonly QuotaName[] = [
  'roomMessagesPerSecond',
  'tokenLifeSeconds',
  'messageReviewTimeoutMs',
];

/** The quotas of all accounts. */
export type Quotas = { of(account: string): AccountQuotas };

/** Settings of the quotas. */
export const quotaSettings = {
  quotas: oneOf(
    {
      env: 'ROOMSTREAM_QUOTAS',
      fallback: 'ivs',
      about:
        '`ivs`: every account has the default quotas of IVS Chat; `unlimited`: none (for tests). The accounts file overrides both.',
    },
    ['ivs', 'unlimited'],
  ),
  accountsFile: optionalFile({
    env: 'ROOMSTREAM_ACCOUNTS_FILE',
    about:
      'JSON file of quotas per account: `{"accounts":{"<12 digits>":{"quotas":{"<name>":<number> or "unlimited"}}}}`; `"isPendingVerification":true` beside `quotas` blocks an account. Re-read when it changes; a broken one is refused and logged, the previous stays.',
  }),
} satisfies SettingsTable;

/** The quotas of a preset, before any override. */
export function presetQuotas(preset: 'ivs' | 'unlimited'): AccountQuotas {
  const quotas: Record<QuotaName, number> = { ...quotaDefaults };
  if (preset === 'unlimited') {
    for (const name of Object.keys(quotas) as QuotaName[]) {
      if (!finiteQuotas.includes(name)) quotas[name] = Number.POSITIVE_INFINITY;
    }
  }
  return Object.freeze(quotas);
}

/** Quotas that follow their file until they are closed. */
export type OpenQuotas = Quotas & { close(): void };

/** Reads the quotas and follows their file. Rejects when the file is broken at the start. */
export async function openQuotas(settings: Settings<typeof quotaSettings>, log: Log): Promise<OpenQuotas> {
  const preset = presetQuotas(settings.quotas);
  const path = settings.accountsFile;
  if (path === undefined) return { of: () => preset, close: () => undefined };
  const file = await watchFile(path, (text) => withOverrides(preset, text), log);
  return { of: (account) => file.value().get(account) ?? preset, close: file.close };
}

function withOverrides(preset: AccountQuotas, text: string): ReadonlyMap<string, AccountQuotas> {
  const merged = new Map<string, AccountQuotas>();
  for (const [account, overrides] of parseOverrides(text, quotaDefaults, finiteQuotas)) {
    merged.set(account, Object.freeze({ ...preset, ...overrides }));
  }
  return merged;
}
