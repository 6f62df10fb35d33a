import type { Log } from '@roomstream/runtime/log';
import { integer, oneOf, optionalFile } from '@roomstream/runtime/setting-kinds';
import type { Settings, SettingsTable } from '@roomstream/runtime/settings';
import type { LogsWhenFull } from './log-targets.ts';
import { type Bounds, parseOverrides } from './quota-overrides.ts';
import { watchFile } from './watch-file.ts';

/** The longest recovery window, in seconds: what users missed is read from streams that are trimmed after some minutes. */
const longestRecoverySeconds = 600;

/**
 * Every quota of an account with the default of IVS ("Service Quotas" in the guide); the last two are of what Roomstream
 * has beyond IVS. Rates are per second.
 */
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
  /** Of ListMessages. */
  listMessagesPerSecond: 10,
  /**
   * For how long after a connection that did not end cleanly its user gets, on return, what the room said meanwhile; 0:
   * never, as on IVS.
   */
  recoveryWindowSeconds: 30,
};

/** Name of a quota. */
export type QuotaName = keyof typeof quotaDefaults;

/** What an account may use. Infinity: unlimited. */
export type AccountQuotas = Readonly<Record<QuotaName, number>> & {
  /** Blocked from using chat: changes through the API get PendingVerification, messaging requests ERROR 403. */
  readonly isPendingVerification?: boolean;
  /** What happens when the queue of a logging configuration is full; absent: the oldest records go, of every one. */
  readonly logsWhenFull?: LogsWhenFull;
};

/** Quotas that are bounds of a value rather than of a use: never unlimited. What each may be. */
export const finiteQuotas: Partial<Readonly<Record<QuotaName, Bounds>>> = {
  roomMessagesPerSecond: { least: 1 },
  tokenLifeSeconds: { least: 1 },
  messageReviewTimeoutMs: { least: 1 },
  recoveryWindowSeconds: { least: 0, most: longestRecoverySeconds },
};

/** The quotas of all accounts. */
export type Quotas = { of(account: string): AccountQuotas };

/** Settings of the quotas, and of what else an account may have of its own. */
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
      'JSON file of quotas per account: `{"accounts":{"<12 digits>":{"quotas":{"<name>":<number> or "unlimited"}}}}`; `"isPendingVerification":true` beside `quotas` blocks an account, `"loggingConfigurations":{"<id>":{"whenFull":"block" or "drop-oldest"}}` overrides `ROOMSTREAM_LOG_WHEN_FULL`. Re-read when it changes; a broken one is refused and logged, the previous stays.',
  }),
  logWhenFull: oneOf(
    {
      env: 'ROOMSTREAM_LOG_WHEN_FULL',
      fallback: 'drop-oldest',
      about:
        'What happens when as many records of a logging configuration wait as may (its destination is away): `drop-oldest`: its oldest records are dropped and counted, chat goes on; `block`: messages to its rooms are refused with 429. The accounts file overrides it for single configurations.',
    },
    ['drop-oldest', 'block'],
  ),
  recoveryWindowSeconds: integer(
    {
      env: 'ROOMSTREAM_RECOVERY_WINDOW_SECONDS',
      fallback: `${quotaDefaults.recoveryWindowSeconds}`,
      about:
        'For how many seconds after a connection that did not end cleanly a user who returns to the room gets what it said meanwhile; 0: never, as on IVS Chat. The accounts file overrides it (`recoveryWindowSeconds`). Shorter than `ROOMSTREAM_STREAM_RETENTION_SECONDS`.',
    },
    0,
    longestRecoverySeconds,
  ),
} satisfies SettingsTable;

/** The quotas of a preset, before any override. */
export function presetQuotas(preset: 'ivs' | 'unlimited'): AccountQuotas {
  const quotas: Record<QuotaName, number> = { ...quotaDefaults };
  if (preset === 'unlimited') {
    for (const name of Object.keys(quotas) as QuotaName[]) {
      if (finiteQuotas[name] === undefined) quotas[name] = Number.POSITIVE_INFINITY;
    }
  }
  return Object.freeze(quotas);
}

/** Quotas that follow their file until they are closed. */
export type OpenQuotas = Quotas & { close(): void };

/** Reads the quotas and follows their file. Rejects when the file is broken at the start. */
export async function openQuotas(settings: Settings<typeof quotaSettings>, log: Log): Promise<OpenQuotas> {
  const { recoveryWindowSeconds } = settings;
  const quotas = Object.freeze({ ...presetQuotas(settings.quotas), recoveryWindowSeconds });
  const preset =
    settings.logWhenFull === 'drop-oldest'
      ? quotas
      : Object.freeze({ ...quotas, logsWhenFull: { others: settings.logWhenFull, own: {} } });
  const path = settings.accountsFile;
  if (path === undefined) return { of: () => preset, close: () => undefined };
  const file = await watchFile(path, (text) => withOverrides(preset, text), log);
  return { of: (account) => file.value().get(account) ?? preset, close: file.close };
}

function withOverrides(preset: AccountQuotas, text: string): ReadonlyMap<string, AccountQuotas> {
  const merged = new Map<string, AccountQuotas>();
  for (const [account, entry] of parseOverrides(text, quotaDefaults, finiteQuotas)) {
    const { quotas, isPendingVerification, logsWhenFull: own } = entry;
    const others = preset.logsWhenFull?.others ?? 'drop-oldest';
    merged.set(
      account,
      Object.freeze({
        ...preset,
        ...quotas,
        ...(isPendingVerification && { isPendingVerification }),
        ...(Object.keys(own).length > 0 && { logsWhenFull: { others, own } }),
      }),
    );
  }
  return merged;
}
